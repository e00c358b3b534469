"""Signing in, one's own account, second factors, invitations, resets, the people of a sponsor and their review."""
