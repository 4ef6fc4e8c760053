"""Everything that the response of the parametric detector depends on."""

from pydantic import Field

from detcore.config import Settings
from pid.detector.its import ItsSettings
from pid.detector.matching import MatchingSettings
from pid.detector.tof import TofSettings
from pid.detector.tpc import ROWS, TpcSettings
from pid.detector.trd import TrdSettings


class DetectorSettings(Settings):
    """Settings of the detector; the defaults are those of the simulation that trains models.

    Arguments:
        field_t: Solenoid field, tesla.
        eta_max: Largest |pseudorapidity| of a track; collisions are generated to 1.5.
        pt_min: Smallest transverse momentum, GeV/c.
        tracking_efficiency: Probability that a particle in the acceptance has a track.
        tracking_turn_on: GeV/c; the efficiency falls below as 1 - exp(-(pt / turn_on)^2).
        rows_min: Fewest crossed pad rows of a track.
        its: ITS.
        tpc: TPC.
        trd: TRD.
        tof: TOF.
        matching: Which tracks have TRD and TOF.
    """

    field_t: float = Field(default=0.5, gt=0)
    eta_max: float = Field(default=0.8, gt=0, le=1.4)
    pt_min: float = Field(default=0.1, gt=0)
    tracking_efficiency: float = Field(default=0.92, gt=0, le=1)
    tracking_turn_on: float = Field(default=0.18, gt=0)
    rows_min: int = Field(default=70, ge=1, le=ROWS)
    its: ItsSettings = ItsSettings()
    tpc: TpcSettings = TpcSettings()
    trd: TrdSettings = TrdSettings()
    tof: TofSettings = TofSettings()
    matching: MatchingSettings = MatchingSettings()
