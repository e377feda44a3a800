"""What a search delivers: a weighted mean of its best evaluations and of the baselines, saved, opened and exported."""
