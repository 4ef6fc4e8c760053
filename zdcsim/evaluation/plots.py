"""Figures of a judgement: Monte Carlo in black, the model in red, ratios below.

Axis key: N responses, Nx by Ny fibres.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

import matplotlib.style
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from zdcsim.channels import CHANNEL_NAMES, Convention
from zdcsim.conditions import ENERGY
from zdcsim.evaluation.binning import (
    Edges,
    Histogram,
    counting_edges,
    histogram,
    plain_edges,
)
from zdcsim.evaluation.diversity import light, particle_diversity
from zdcsim.evaluation.features import FEATURES
from zdcsim.evaluation.quantities import Measured, Photons, dense, measure
from zdcsim.response import Responses

MONTE_CARLO, MODEL = "#1a1a1a", "#c8102e"
PARTICLES, COPIES = 4, 3
STYLE = {
    "font.size": 11,
    "font.sans-serif": ["TeX Gyre Heros", "Helvetica", "Arial", "DejaVu Sans"],
    "axes.labelsize": 12,
    "axes.labelpad": 4,
    "axes.titlesize": 12,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.major.size": 6,
    "ytick.minor.size": 3,
    "legend.fontsize": 11,
    "lines.linewidth": 1.4,
}


@contextmanager
def style() -> Iterator[None]:
    """mplhep's ALICE style, with letters for figures of several panels."""
    with matplotlib.style.context([mplhep.style.ALICE, STYLE]):
        yield


def figures(
    reference: Responses,
    generated: Photons,
    conventions: Sequence[Convention],
) -> dict[str, Figure]:
    """All figures of one repetition of the generation, by title.

    Arguments:
        reference: The Monte Carlo, N responses.
        generated: One generated response for every row of it.
        conventions: Channel conventions to draw.
    """
    ours = measure(reference, reference.calorimeter, conventions)
    theirs = measure(generated, reference.calorimeter, conventions)
    with style():
        found = {"Responses of the same particles": gallery(reference, generated)}
        for convention in conventions:
            found[f"Channels, convention {convention.upper()}"] = channels(ours, theirs, convention)
        found["Features"] = features(ours, theirs)
        found["Energy response"] = energy_response(reference, ours, theirs)
        if np.unique(reference.particle, return_counts=True)[1].min() > 1:
            found["Diversity"] = diversity(reference, generated)
    return found


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file."""
    drawn = BytesIO()
    with style():
        figure.savefig(drawn, format="png", dpi=130)
    return drawn.getvalue()


def gallery(reference: Responses, generated: Photons) -> Figure:
    """Monte Carlo copies beside generated responses of the same particles, one common scale.

    The particles are spread over the mean photon sums of those that leave light.
    """
    chosen = _gallery_rows(reference)
    width = 2 * max(len(rows) for rows in chosen)
    nx, ny = reference.calorimeter.shape
    high = 1.72 * len(chosen) * ny / nx + 0.45
    figure = Figure(figsize=(12.0, high))
    axes = figure.subplots(len(chosen), width, squeeze=False)
    top = max(float(reference.dense(rows).max()) for rows in chosen)
    scale = LogNorm(1, max(top, 2.0))
    for line, rows in zip(axes, chosen, strict=True):
        images = [*reference.dense(rows), *dense(generated, rows)]
        for axis in line:
            axis.set_axis_off()
        for axis, image in zip((*line[: len(rows)], *line[width // 2 :]), images, strict=False):
            drawn = _draw_response(axis, image, scale)
        energy = reference.conditions[rows[0], ENERGY]
        line[0].set_ylabel(_energy(energy), loc="center")
    figure.subplots_adjust(0.04, 0.05 / high, 0.93, 1 - 0.4 / high, wspace=0.05, hspace=0.05)
    for first, name, colour in ((0, "Monte Carlo", MONTE_CARLO), (width // 2, "model", MODEL)):
        axes[0][first].set_title(name, loc="left", color=colour)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.02, pad=0.012)
    bar.set_label("photo-electrons per fibre")
    return figure


def _gallery_rows(reference: Responses) -> list[NDArray[np.int64]]:
    unique, index = np.unique(reference.particle, return_inverse=True)
    mean = np.bincount(index, reference.photon_sum()) / np.bincount(index)
    lit = np.argsort(mean)[np.sort(mean) >= 1] if (mean >= 1).any() else np.argsort(mean)
    at = np.linspace(0.2, 1.0, min(PARTICLES, len(unique)))
    particles = dict.fromkeys(lit[np.round(at * (len(lit) - 1)).astype(int)])
    return [np.flatnonzero(index == particle)[:COPIES] for particle in particles]


def _draw_response(axis: Axes, image: NDArray[np.number], scale: LogNorm) -> AxesImage:
    axis.set_axis_on()
    axis.set_xticks([])
    axis.set_yticks([])
    axis.minorticks_off()
    return axis.imshow(
        np.ma.masked_less(image.T, 0.5),
        origin="lower",
        norm=scale,
        cmap="viridis",
        interpolation="nearest",
    )


def _energy(energy: float) -> str:
    return f"{energy / 1000:.2g} TeV" if energy >= 1000 else f"{energy:.0f} GeV"


def channels(ours: Measured, theirs: Measured, convention: Convention) -> Figure:
    """The five channel sums of one convention, with the ratio of model to Monte Carlo."""
    labels = [f"{name} [photo-electrons]" for name in CHANNEL_NAMES[convention]]
    columns = zip(labels, ours.group(convention).T, theirs.group(convention).T, strict=True)
    return panels([(label, a, b, counting_edges) for label, a, b in columns], columns=5)


def features(ours: Measured, theirs: Measured) -> Figure:
    """The six features, with the ratio of model to Monte Carlo."""
    shown = []
    for name, unit in FEATURES.items():
        edges = plain_edges if unit == "cm" else counting_edges
        shown.append((f"{name} [{unit}]", ours.feature(name), theirs.feature(name), edges))
    return panels(shown, columns=3)


Panel = tuple[str, NDArray[np.float64], NDArray[np.float64], Edges]


def panels(shown: Sequence[Panel], columns: int) -> Figure:
    """Distributions of any quantities, with the ratio of model to Monte Carlo.

    Arguments:
        shown: Label, values of the Monte Carlo and of the model (NaN is left out), and what makes
            the bins of both.
        columns: Panels in a line.
    """
    rows = -(-len(shown) // columns)
    wide, high = 2.9 * columns + 0.7, 3.9 * rows + 0.4
    figure = Figure(figsize=(wide, high))
    grid = figure.add_gridspec(
        rows,
        columns,
        left=0.75 / wide,
        right=1 - 0.1 / wide,
        bottom=0.6 / high,
        top=1 - 0.4 / high,
        wspace=0.24,
        hspace=0.24,
    )
    for place, panel in enumerate(shown):
        cell = grid[place].subgridspec(2, 1, height_ratios=(3, 1), hspace=0.06)
        upper = figure.add_subplot(cell[0])
        lower = figure.add_subplot(cell[1], sharex=upper)
        _draw_panel(upper, lower, panel)
        if place % columns == 0:
            upper.set_ylabel("fraction of responses")
            lower.set_ylabel("model / MC", loc="center")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper right", ncols=2, borderaxespad=0.1)
    return figure


def _draw_panel(upper: Axes, lower: Axes, panel: Panel) -> None:
    label, ours, theirs, edges_of = panel
    ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
    edges = edges_of(np.concatenate([ours, theirs]))
    a, b = histogram(ours, edges), histogram(theirs, edges)
    for (value, error), colour, name in ((a, MONTE_CARLO, "Monte Carlo"), (b, MODEL, "model")):
        mplhep.histplot(value, edges, yerr=error, ax=upper, color=colour, label=name)
    _draw_ratio(lower, edges, a, b)
    if edges_of is counting_edges:
        upper.set_xscale("symlog", linthresh=1.0, linscale=0.4)
    upper.set_xlim(edges[0], edges[-1])
    upper.set_ylim(0.0, 1.3 * max(a[0].max(), b[0].max(), 1e-9))
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(label)


def _draw_ratio(axis: Axes, edges: NDArray[np.float64], ours: Histogram, theirs: Histogram) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, error = theirs[0] / ours[0], theirs[1] / ours[0]
        band = np.where(ours[0] > 0, ours[1] / ours[0], 0.0)
    seen = (ours[0] > 0) & (theirs[0] > 0)
    centre = 0.5 * (edges[1:] + edges[:-1])
    axis.stairs(1 + band, edges, baseline=1 - band, fill=True, color=MONTE_CARLO, alpha=0.18)
    axis.axhline(1.0, color=MONTE_CARLO, linewidth=0.8)
    axis.errorbar(centre[seen], ratio[seen], error[seen], fmt="o", markersize=3, color=MODEL)
    axis.set(ylim=(0.0, 2.0), yticks=(0.5, 1.0, 1.5))


def energy_response(reference: Responses, ours: Measured, theirs: Measured) -> Figure:
    """Mean photon sum of every particle against its energy, and the ratio below."""
    index = np.unique(reference.particle, return_inverse=True)[1]
    energy = np.bincount(index, reference.conditions[:, ENERGY]) / np.bincount(index)
    a, b = (_particle_means(each.feature("photon sum"), index) for each in (ours, theirs))
    figure = Figure(figsize=(7.0, 6.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for (mean, error), colour, name in ((a, MONTE_CARLO, "Monte Carlo"), (b, MODEL, "model")):
        upper.errorbar(energy, mean, error, fmt="o", markersize=4, color=colour, label=name)
    seen = (a[0] > 0) & (b[0] > 0)
    ratio = b[0][seen] / a[0][seen]
    error = ratio * np.hypot(a[1][seen] / a[0][seen], b[1][seen] / b[0][seen])
    lower.errorbar(energy[seen], ratio, error, fmt="o", markersize=4, color=MODEL)
    lower.axhline(1.0, color=MONTE_CARLO, linewidth=0.8)
    lower.set(ylim=(0.0, 2.0), xlabel="energy [GeV]", xscale="log")
    lower.set_ylabel("model / MC", loc="center")
    upper.set(yscale="log", ylabel="mean photon sum of a particle [photo-electrons]")
    upper.legend()
    return figure


def _particle_means(values: NDArray[np.float64], index: NDArray[np.integer]) -> Histogram:
    copies = np.bincount(index)
    mean = np.bincount(index, values) / copies
    variance = np.bincount(index, (values - mean[index]) ** 2) / np.maximum(copies - 1, 1)
    return mean, np.sqrt(variance / copies)


def diversity(reference: Responses, generated: Photons) -> Figure:
    """Diversity of the model against that of the Monte Carlo, one point a particle."""
    index = np.unique(reference.particle, return_inverse=True)[1]
    ours = particle_diversity(light(reference), index)
    theirs = particle_diversity(light(generated), index)
    figure = Figure(figsize=(5.6, 5.6), layout="constrained")
    axis = figure.subplots()
    axis.scatter(ours, theirs, s=18, color=MODEL)
    top = 1.1 * max(ours.max(), theirs.max(), 1.0)
    axis.plot([0, top], [0, top], color=MONTE_CARLO, linewidth=0.8)
    axis.set(
        xlim=(0, top),
        ylim=(0, top),
        xlabel="diversity of the Monte Carlo [photo-electrons]",
        ylabel="diversity of the model [photo-electrons]",
    )
    return figure
