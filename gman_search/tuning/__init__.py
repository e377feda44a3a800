"""A study in an Optuna storage: claiming, leasing, promoting and finishing evaluations."""
