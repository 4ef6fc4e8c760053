"""Simulated tracks: collisions of a generator, decays, and the parametric detector."""
