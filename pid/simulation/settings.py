"""What is simulated: collisions, abundances and the detector's response."""

from pydantic import Field

from detcore.config import Settings
from pid.detector.settings import DetectorSettings


class CollisionSettings(Settings):
    """Proton-proton collisions and their luminous region.

    Arguments:
        sqrt_s_gev: Centre-of-mass energy.
        vertex_mean_cm: Centre of the luminous region, x, y, z.
        vertex_sigma_cm: Its spread.
    """

    sqrt_s_gev: float = Field(default=13600.0, gt=0)
    vertex_mean_cm: tuple[float, float, float] = (-0.045, 0.0, 0.09)
    vertex_sigma_cm: tuple[float, float, float] = (0.01, 0.01, 4.74)


class AbundanceSettings(Settings):
    """Relative numbers of each species that are kept, applied to particles by thinning.

    The largest of the four is taken as all; 1 for each leaves the generator's abundances.
    """

    pion: float = Field(default=1.0, ge=0)
    kaon: float = Field(default=1.0, ge=0)
    proton: float = Field(default=1.0, ge=0)
    electron: float = Field(default=1.0, ge=0)


class SimulationSettings(Settings):
    """Settings of a simulated sample.

    Arguments:
        collisions: The collisions.
        abundances: Relative abundances.
        detector: The response.
        block_events: Collisions that share a seed and a data frame.
    """

    collisions: CollisionSettings = CollisionSettings()
    abundances: AbundanceSettings = AbundanceSettings()
    detector: DetectorSettings = DetectorSettings()
    block_events: int = Field(default=2000, ge=1, le=100_000)
