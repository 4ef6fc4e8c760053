"""Classifiers, one family a file; those of `trees`, `n_sigma` and `bayesian` need no torch."""
