"""Other implementations of GMAN, timed and trained on the same windows. Their code is imported from a checkout."""
