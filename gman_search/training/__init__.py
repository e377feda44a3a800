"""Training one evaluation: schedules, metrics, curve diagnosis (pure) and the compiled step (TensorFlow)."""
