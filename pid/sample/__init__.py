"""Samples in memory: which events train, validate and test."""
