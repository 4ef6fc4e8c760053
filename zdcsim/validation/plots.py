"""Figures of a validation.

Axis key: A angles.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from zdcsim.evaluation.plots import style
from zdcsim.light.coupling import ALICE_PHOTO_ELECTRONS_PER_TEV, CALIBRATION_ENERGY_GEV
from zdcsim.light.table_shape import TableShape
from zdcsim.validation.groups import SPECIES
from zdcsim.validation.profile import Profile
from zdcsim.validation.validation import Block, Validation

COLOURS = dict(zip(SPECIES, ("#1a1a1a", "#c8102e", "#1f5fa8"), strict=True))
MARKERS = dict(zip(SPECIES, ("o", "s", "^"), strict=True))

ENERGIES_GEV = (60.0, 8000.0)
"""Ends of the axis of energy."""


def figures(validation: Validation) -> dict[str, Figure]:
    """All figures by title."""
    found = {}
    with style():
        for name, block in validation.blocks.items():
            found[f"{name}: response and resolution"] = curves(block)
            found[f"{name}: lateral profile"] = profiles(block)
            found[f"{name}: sparsity"] = sparsity(block)
            if block.light:
                found[f"{name}: light against angle"] = light(block.light)
    return found


def curves(block: Block) -> Figure:
    """Photo-electrons per TeV, and relative resolution, against energy."""
    figure = Figure(figsize=(11.0, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for species in SPECIES:
        points = [point for point in block.curve if point.species == species]
        if not points:
            continue
        look = {"fmt": MARKERS[species], "color": COLOURS[species], "markersize": 5}
        energy = [point.energy_gev for point in points]
        response, error = np.array([(p.per_tev, p.per_tev_error) for p in points]).T
        left.errorbar(energy, response, error, label=species, **look)
        resolved = [
            (p.energy_gev, p.resolution, p.resolution_error)
            for p in points
            if p.resolution is not None
        ]
        if resolved:
            at, value, spread = np.array(resolved, np.float64).T
            right.errorbar(at, 100 * value, 100 * spread, label=species, **look)
    constant = ALICE_PHOTO_ELECTRONS_PER_TEV[block.calorimeter]
    left.plot(CALIBRATION_ENERGY_GEV, constant, "*", color="#b8860b", markersize=13,
              label="ALICE's constant, nucleons")  # fmt: skip
    left.set(xscale="log", xlabel="energy [GeV]", ylabel="photo-electrons per TeV")
    right.set(xscale="log", xlabel="energy [GeV]", ylabel="resolution of the photon sum [%]")
    for axis in (left, right):
        axis.set(ylim=(0, 1.08 * axis.get_ylim()[1]), xlim=ENERGIES_GEV)
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:.0f}")
        axis.xaxis.set_minor_formatter("")
    left.legend(loc="lower left")
    return figure


def profiles(block: Block) -> Figure:
    """Light per area against the distance from the impact, of the lowest and highest energies."""
    figure = Figure(figsize=(7.0, 5.2), layout="constrained")
    axis = figure.subplots()
    for species in SPECIES:
        found = [one for one in block.profiles if one.species == species]
        for one, line in zip(_ends(found), ("-", "--"), strict=False):
            density = [np.nan if value is None else value for value in one.density]
            low, high = one.energy_gev
            label = f"{species}, {low:.0f} to {high:.0f} GeV"
            axis.stairs(density, one.rings_cm, color=COLOURS[species], linestyle=line,
                        label=label, linewidth=1.6, baseline=None)  # fmt: skip
    axis.set(yscale="log", xlabel="distance from the impact [cm]")
    axis.set_ylabel("share of the light per cm$^2$")
    axis.legend()
    return figure


def _ends(found: list[Profile]) -> list[Profile]:
    return found if len(found) < 2 else [found[0], found[-1]]


def sparsity(block: Block) -> Figure:
    """Share of fibres without light, and the brightest fibre, against energy."""
    figure = Figure(figsize=(11.0, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for species in SPECIES:
        found = [one for one in block.sparsity if one.species == species]
        energy = [one.energy_gev for one in found]
        _points(left, species, energy, [100 * one.zero_fibres for one in found])
        _points(right, species, energy, [one.brightest for one in found])
    left.set(xscale="log", xlabel="energy [GeV]", ylabel="fibres without light [%]")
    right.set(xscale="log", yscale="log", xlabel="energy [GeV]")
    right.set_ylabel("brightest fibre [photo-electrons]")
    left.legend()
    return figure


def _points(axis: Axes, species: str, x: list[float], y: list[float]) -> None:
    if x:
        axis.plot(x, y, MARKERS[species], color=COLOURS[species], label=species, markersize=5)


def light(shapes: Sequence[TableShape]) -> Figure:
    """Light against the angle to the fibre, of ALICE's tables and of our model."""
    figure = Figure(figsize=(10.0, 7.0), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True)
    for axis, one in zip(axes.flat, shapes, strict=True):
        axis.step(one.angles_degrees, one.theirs, "k", where="mid", label="ALICE's table")
        axis.plot(one.angles_degrees, one.ours, color="#c8102e", label="this model, same total")
        low, high = one.beta
        axis.set_title(rf"{low} < $\beta$ < {high}")
        axis.set_ylim(bottom=0)
    for axis in axes[1]:
        axis.set_xlabel("angle to the fibre axis [degrees]")
    for axis in axes[:, 0]:
        axis.set_ylabel("photo-electrons per crossing")
    axes[0, 0].legend()
    return figure
