"""Tracks in ROOT: the producer's tables, the feature extractor's tree, a real ALICE file."""
