"""From simulation to real data; `label_shift` and `separation` need no torch."""
