"""GMAN (Zheng et al., AAAI 2020) in Keras 3, and growing its weights."""
