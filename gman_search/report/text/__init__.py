"""Summaries in words and tables: captions, numbers behind the figures, CSV (pure)."""
