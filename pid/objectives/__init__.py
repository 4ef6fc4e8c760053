"""One optimisation step per way to train."""
