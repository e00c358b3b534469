"""What an answer is worth, how risky the supplier is, and why.

Here belongs whatever turns a stored document into a rating on paper: the method and its policy figures
(`rubrics/*.yaml`), the class and domain of each question, the inherent risk, the arithmetic, and the
sentences that explain it. A rating can be recomputed from its stored input alone.

Here does not belong: what is asked (`questionnaires`); who may see or approve a rating, where it is stored,
a clock, a database, a page (`portal`).
"""
