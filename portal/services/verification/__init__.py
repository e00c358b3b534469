"""Verifying what the portal holds: the chain of the trail, and each record against trail, digest and signature.

Nothing here trusts a stored value: what can no longer be read is named like any other damage (11.10(a)).
"""
