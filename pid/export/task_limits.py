"""The limits on p that an O2 task must set for a bundle: PIDML reads no manifest.

Source: O2Physics, Tools/PIDML/pidOnnxInterface.h (a row of limits for every species, labels of its
columns) and pidOnnxModel.h (defaults).
"""

from collections.abc import Mapping
from typing import Final

from pid.cuts import DetectorLimits
from pid.export.emulator import LIMITS
from pid.io.contract import Contract

LABELS: Final = ("TPC", "TPC + TOF", "TPC + TOF + TRD")
"""Columns of the task's table of limits, in the order of the emulator's defaults."""


def to_set(limits: DetectorLimits, contract: Contract) -> Mapping[str, float]:
    """What the task must set, in GeV/c by the label of its column.

    Arguments:
        limits: Of the training.
        contract: Who reads the bundle.

    Returns:
        Empty where O2's defaults are right, or the limits are inside the graph.
    """
    values = (LIMITS[0], limits.tof, limits.trd)
    if contract != "pidml" or values == LIMITS:
        return {}
    return dict(zip(LABELS, values, strict=True))


def sentence(values: Mapping[str, float]) -> str:
    """What the user of `to_set`, not empty, must be told."""
    wanted, usual = (", ".join(f"{label}: {value:g}" for label, value in each.items())
                     for each in (values, dict(zip(LABELS, LIMITS, strict=True))))  # fmt: skip
    return (
        f"set the limits on p of every species in the O2 task to {wanted} GeV/c: those of this "
        f"training are not O2's defaults ({usual}), and PIDML does not read them from the bundle"
    )
