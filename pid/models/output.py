"""What the logits of a classifier mean."""

from typing import Literal

Output = Literal["one_vs_rest", "multi_class"]
"""Independent binary answers in the order of `TARGETS`, or shares that add up to 1 in the order of
`CLASSES`."""
