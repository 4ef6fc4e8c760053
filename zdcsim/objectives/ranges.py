"""Ranges that settings of several objectives share.

Axis key: none.
"""

from typing import Annotated

from pydantic import Field

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Of a term; 0: off."""

Spread = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A standard deviation, a temperature, or another scale that is divided by."""

Decay = Annotated[float, Field(ge=0, lt=1)]
"""What a moving average keeps of itself at each step; with 1 it would stay as it began."""
