"""One questionnaire sent to one supplier: sending, the respondent's door, answering, submitting, reviewing, rating."""
