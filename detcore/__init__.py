"""What the two packages share: configuration, provenance, run folders and the training loop."""
