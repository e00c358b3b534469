"""What people do: one public function a verb, keyword arguments, rows and plain values in, the row out.

A service never sees the request and never commits; it raises from `portal.errors`.
"""
