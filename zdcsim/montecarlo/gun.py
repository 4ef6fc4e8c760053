"""A particle gun: one species, one energy, one place on the face or a square around it.

It shoots straight from the interaction point, charged particles too, as if there were no magnets,
or aims through those of a machine.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zdcsim.conditions import CHARGE, ENERGY, MASS, PX, PY, PZ
from zdcsim.geometry import Calorimeter, Side
from zdcsim.montecarlo.arrival import aimed
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.species import Species, species
from zdcsim.optics import Machine


@dataclass(frozen=True)
class Gun:
    """What the gun shoots.

    Arguments:
        particle: Name (`neutron`, `gamma`) or PDG code.
        energy_gev: Total energy.
        x_cm: Impact relative to the centre of the face.
        y_cm: Impact relative to the centre of the face.
        spread_cm: Impacts are uniform in a square of this half width.
        side: The calorimeter of which side.
    """

    particle: str
    energy_gev: float
    x_cm: float = 0.0
    y_cm: float = 0.0
    spread_cm: float = 0.0
    side: Side = "A"

    def primaries(
        self, n: int, calorimeter: Calorimeter, seed: int, machine: Machine | None = None
    ) -> Primaries:
        """n particles from the interaction point to the face.

        Arguments:
            n: How many.
            calorimeter: Whose face.
            seed: Of the places in the square.
            machine: Magnets that are aimed through; without, particles fly straight.

        Raises:
            ValueError: If the energy is below the particle's mass, the square leaves the face, or
                the apertures of the magnets are in the way.
        """
        shot = species(self.particle)
        self._check(shot, calorimeter)
        rng = np.random.default_rng([seed, 0])
        # Drawn particle by particle: more particles begin with the same ones.
        x, y = rng.uniform(-self.spread_cm, self.spread_cm, (n, 2)).T
        x, y = x + self.x_cm + calorimeter.centre_x, y + self.y_cm
        conditions = self._conditions(shot, x, y, calorimeter)
        if machine is not None and shot.charge_thirds:
            conditions = self._through(conditions, np.stack([x, y], axis=1), calorimeter, machine)
        return Primaries(np.full(n, shot.pdg, np.int32), conditions, np.arange(n))

    def _check(self, shot: Species, calorimeter: Calorimeter) -> None:
        given = (self.energy_gev, self.x_cm, self.y_cm, self.spread_cm)
        if not all(map(math.isfinite, given)) or self.spread_cm < 0:
            raise ValueError(
                f"the gun needs finite numbers and a spread of 0 or more; got {self.energy_gev} "
                f"GeV at ({self.x_cm}, {self.y_cm}) +- {self.spread_cm} cm"
            )
        if not self.energy_gev > shot.mass_mev / 1000:
            raise ValueError(
                f"a {shot.name} of {self.energy_gev} GeV cannot exist: its mass is "
                f"{shot.mass_mev / 1000:.4g} GeV"
            )
        reach = max(
            (abs(self.x_cm) + self.spread_cm) / calorimeter.half_x,
            (abs(self.y_cm) + self.spread_cm) / calorimeter.half_y,
        )
        if not reach < 1:
            raise ValueError(
                f"the gun at ({self.x_cm}, {self.y_cm}) +- {self.spread_cm} cm misses the face of "
                f"the {calorimeter.name}, +-{calorimeter.half_x} x +-{calorimeter.half_y} cm"
            )

    def _conditions(
        self,
        shot: Species,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        calorimeter: Calorimeter,
    ) -> NDArray[np.float32]:
        front = calorimeter.front_a if self.side == "A" else calorimeter.front_c
        towards = np.stack([x, y, np.full_like(x, front)], axis=1)
        momentum = np.sqrt(self.energy_gev**2 - (shot.mass_mev / 1000) ** 2)
        towards *= momentum / np.linalg.norm(towards, axis=1, keepdims=True)
        conditions = np.zeros((len(x), 9))
        conditions[:, ENERGY] = self.energy_gev
        conditions[:, [PX, PY, PZ]] = towards
        conditions[:, MASS] = shot.mass_mev
        conditions[:, CHARGE] = shot.charge_thirds
        return conditions.astype(np.float32)

    def _through(
        self,
        conditions: NDArray[np.float32],
        target: NDArray[np.float64],
        calorimeter: Calorimeter,
        machine: Machine,
    ) -> NDArray[np.float32]:
        """The same particles in the directions from which the magnets lead them to the target."""
        turned = aimed(conditions, target, calorimeter, machine).astype(np.float32)
        _, free = machine.carried(turned, calorimeter)
        if not free.all():
            raise ValueError(
                f"no {self.particle} of {self.energy_gev} GeV comes through the magnets to "
                f"({self.x_cm}, {self.y_cm}) +- {self.spread_cm} cm of the {calorimeter.name}; "
                "choose another energy or place"
            )
        return turned
