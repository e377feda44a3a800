"""What there is to know of data before a study: one rule a function, from facts to findings."""
