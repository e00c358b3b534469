"""Who is responsible for what, and how that text is made, compared and kept alive.

Here belong clauses, their responsibilities and parameters, drafting, comparison and obligations: what two
parties could agree on paper. No database, no web, no clock. The first clauses come with quality agreements.
"""
