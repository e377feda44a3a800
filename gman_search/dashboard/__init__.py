"""What optuna-dashboard shows of a search beyond its own plots: a note and figures for each stage's study."""
