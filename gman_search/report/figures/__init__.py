"""One file a figure: what it computes from a study, how it is drawn, its caption and its table."""
