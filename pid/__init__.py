"""Particle identification on tracks whose detectors are not all there."""
