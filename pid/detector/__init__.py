"""A parametric detector: published formulas and resolutions, no transport through material."""
