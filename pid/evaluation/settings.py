"""The choices that a judgement depends on; all of them are written into its result."""

from dataclasses import dataclass
from typing import Literal

from pid.calibration import Bins
from pid.evaluation.intervals import Interval
from pid.working_point import check_edges

Kept = Literal["all", "primaries"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How scores are judged.

    Arguments:
        p_edges: Edges of the bins in p, GeV/c.
        pt_edges: Edges of the bins in pT, GeV/c.
        interval: Binomial interval of every rate.
        kept: Judge all tracks, as published, or physical primaries alone, as O2's own tasks do.
        calibration_bins: Of the calibration error.
        calibration_by: Their kind.

    Raises:
        ValueError: If edges are no bins.
    """

    p_edges: tuple[float, ...] = (0.1, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 20.0)
    pt_edges: tuple[float, ...] = (0.1, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 20.0)
    interval: Interval = "wilson"
    kept: Kept = "all"
    calibration_bins: int = 15
    calibration_by: Bins = "width"

    def __post_init__(self) -> None:
        check_edges(self.p_edges)
        check_edges(self.pt_edges)
