"""Tune and train GMAN on your own sensors, at a fraction of the cost of training every candidate in full."""

__version__ = "0.1.0"
