"""Forecasters that are cheap to train, for comparison with GMAN: all have the interface of `base.Baseline`."""
