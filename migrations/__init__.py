"""Numbered, described changes of the database; `portal migrate` runs them as the owner of the tables."""
