"""The scheduler, as pure functions: a table of evaluations goes in, a decision comes out."""
