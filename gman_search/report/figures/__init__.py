"""Summaries drawn: each function takes one summary and returns one plotly figure, computing nothing."""
