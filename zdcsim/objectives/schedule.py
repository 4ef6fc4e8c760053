"""How a term comes to cost in full.

Axis key: none.
"""


def ramp(step: int, up_to: int, full_from: int) -> float:
    """Share of a term's weight that a step pays, 0 to 1; the first step is 1.

    Arguments:
        step: The step that is being made.
        up_to: The last step that pays nothing; 0 if the first one pays already.
        full_from: The first step that pays in full; the share rises linearly from `up_to` to it.
    """
    return min(1.0, max(0, step - up_to) / max(1, full_from - up_to))
