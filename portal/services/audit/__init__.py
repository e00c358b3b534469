"""The audit trail as people use it: read and filtered, taken along, reviewed, its heads kept outside.

Writing it is not here: portal/audit.py does that by itself.
"""
