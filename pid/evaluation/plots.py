"""Figures of judgements: a panel for each species, a colour for each classifier.

Axis key: none.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Literal

import matplotlib.style
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pid.evaluation.intervals import share
from pid.evaluation.judgement import Bin, Judgement, TargetJudgement
from pid.evaluation.rates import Rates

COLOURS = (
    "#c8102e", "#1a1a1a", "#1f6fb4", "#2e8b57", "#e08a00", "#7b4ea3", "#00a0a8", "#8c6d46",
    "#d970a8", "#7a7a7a",
)  # fmt: skip
MARKERS = "osD^vPX*<>"
SYMBOLS = {
    211: r"$\pi^+$", 321: r"$K^+$", 2212: r"$p$", 11: r"$e^-$",
    -211: r"$\pi^-$", -321: r"$K^-$", -2212: r"$\bar{p}$", -11: r"$e^+$",
}  # fmt: skip
STYLE = {
    "font.size": 11,
    "font.sans-serif": ["TeX Gyre Heros", "Helvetica", "Arial", "DejaVu Sans"],
    "axes.labelsize": 12,
    "axes.labelpad": 4,
    "axes.titlesize": 13,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.major.size": 6,
    "ytick.minor.size": 3,
    "legend.fontsize": 11,
    "lines.linewidth": 1.4,
}
COLUMNS = 4

RateName = Literal["purity", "efficiency", "f1"]
RATES: dict[RateName, str] = {"purity": "purity", "efficiency": "efficiency", "f1": "F1"}
Numbered = tuple[int, Judgement]
"""A classifier and the number of its colour, the same in all figures."""
Draw = Callable[[Axes, TargetJudgement, str, str], None]


@contextmanager
def style() -> Iterator[None]:
    """mplhep's ALICE style, with letters for figures of several panels."""
    with matplotlib.style.context([mplhep.style.ALICE, STYLE]):
        yield


def figures(judgements: Sequence[Judgement]) -> dict[str, Figure]:
    """All figures of one sample, by title; of several seeds of a classifier the first."""
    single = list({judgement.name: judgement for judgement in reversed(judgements)}.values())[::-1]
    shown = list(enumerate(single))
    sample = judgements[0].sample.domain
    with style():
        found = {
            f"ROC, {sample}": _panels(shown, _draw_roc, "false positive rate", "efficiency"),
            f"Purity and efficiency, {sample}": _panels(
                shown, _draw_purity, "efficiency", "purity"
            ),
        }
        for rate, word in RATES.items():
            for momentum, axis in (("p", "$p$"), ("pT", r"$p_{\mathrm{T}}$")):
                found[f"{word} against {momentum}, {sample}"] = _panels(
                    shown, _draw_rate(rate, momentum), f"{axis} [GeV/$c$]", word
                )
        probable = [(n, each) for n, each in shown if each.targets[0].probabilities is not None]
        if probable:
            found[f"Calibration, {sample}"] = _panels(
                probable, _draw_calibration, "score", "share of the species"
            )
    return found


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file."""
    drawn = BytesIO()
    with style():
        figure.savefig(drawn, format="png", dpi=100)
    return drawn.getvalue()


def _panels(numbered: Sequence[Numbered], draw: Draw, across: str, up: str) -> Figure:
    """A panel for each species of the first classifier."""
    targets = [target.pdg for target in numbered[0][1].targets]
    columns = min(COLUMNS, len(targets))
    rows = -(-len(targets) // columns)
    legend = -(-len(numbered) // 4)
    high = 3.1 * rows + 0.3 + 0.3 * legend
    figure = Figure(figsize=(3.3 * columns, high), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for place, (axis, pdg) in enumerate(zip(axes.flat, targets, strict=False)):
        for number, judgement in numbered:
            target = judgement.target(pdg)
            if target is not None:
                draw(axis, target, *_look(number))
        axis.set_title(SYMBOLS.get(pdg, str(pdg)), loc="right")
        axis.set_xlabel(across if place >= len(targets) - columns else "")
        axis.set_ylabel(up if place % columns == 0 else "")
    for axis in axes.flat[len(targets) :]:
        axis.set_axis_off()
    handles = [
        Line2D(
            [], [], color=_look(number)[0], marker=_look(number)[1], markersize=4, label=each.name
        )
        for number, each in numbered
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _look(number: int) -> tuple[str, str]:
    return COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]


def _draw_roc(axis: Axes, target: TargetJudgement, colour: str, marker: str) -> None:
    axis.plot(target.curves.false_rate, target.curves.efficiency, color=colour)
    axis.set(xscale="log", xlim=(1e-4, 1.0), ylim=(0.0, 1.05))


def _draw_purity(axis: Axes, target: TargetJudgement, colour: str, marker: str) -> None:
    axis.plot(target.curves.efficiency, target.curves.purity, color=colour)
    efficiency, purity = target.rates.efficiency.value, target.rates.purity.value
    if efficiency is not None and purity is not None:
        axis.plot(efficiency, purity, marker=marker, markersize=5, color=colour)
    axis.set(xlim=(0.0, 1.0), ylim=(0.0, 1.05))


def _draw_calibration(axis: Axes, target: TargetJudgement, colour: str, marker: str) -> None:
    axis.plot([0, 1], [0, 1], color="#b0b0b0", linewidth=0.8)
    curves = target.curves
    bins = zip(curves.came_true, curves.tracks, strict=True)
    found = [
        (each.low, each.value, each.high) for each in (share(round(s * n), n) for s, n in bins)
    ]
    low, value, high = np.array(found, float).T
    errors = np.maximum([value - low, high - value], 0)
    axis.errorbar(
        curves.probability, value, errors, color=colour, marker=marker, markersize=3, linewidth=0.8
    )
    axis.set(xlim=(0.0, 1.0), ylim=(0.0, 1.05))


def _draw_rate(rate: RateName, momentum: str) -> Draw:
    def draw(axis: Axes, target: TargetJudgement, colour: str, marker: str) -> None:
        bins = target.by_p if momentum == "p" else target.by_pt
        found = [(_centre(each), *ends) for each in bins if (ends := _ends(each.rates, rate))]
        if found:
            centre, low, value, high = np.array(found).T
            errors = np.maximum([value - low, high - value], 0)
            axis.errorbar(
                centre, value, errors, color=colour, marker=marker, markersize=4, linewidth=1.0
            )
        axis.set(xscale="log", xlim=(max(bins[0].low, 0.05), bins[-1].high), ylim=(0.0, 1.05))

    return draw


def _centre(each: Bin) -> float:
    """Middle of a bin on a logarithmic axis, GeV/c."""
    return float(np.sqrt(each.low * each.high)) if each.low > 0 else 0.5 * each.high


def _ends(rates: Rates, rate: RateName) -> tuple[float, float, float] | None:
    """Low end, value and high end; None where nothing was counted."""
    found = {"purity": rates.purity, "efficiency": rates.efficiency, "f1": rates.f1}[rate]
    if found.value is None or found.low is None or found.high is None:
        return None
    return found.low, found.value, found.high
