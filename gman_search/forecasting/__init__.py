"""From a saved model to forecasts: latest or at every origin, with intervals, scored, or exported."""
