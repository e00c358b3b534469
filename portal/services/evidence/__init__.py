"""What people do with evidence: one verb, or one question about a file, a module. The bytes are in portal/store.py."""
