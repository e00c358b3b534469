"""What is asked of a contract manufacturer, and whether an answer is an answer.

Belongs here: the sets of questions and the regulations as documents, the reader that checks such a document,
the conditions under which a question is shown, answers, progress, and the states an assessment goes through.

Does not belong here: what an answer is worth (scoring), who is responsible (agreements), and whatever needs a
browser, a table, a file store or a clock (portal). Everything in this package could be done on paper.
"""
