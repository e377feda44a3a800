"""Readings that no road has: rules that find them, and what leaves them out."""
