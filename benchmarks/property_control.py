"""How closely do the responses of a CorrVAE bundle have the properties that were asked for?

python benchmarks/property_control.py --model BUNDLE --name corrvae

Each property is asked for alone and all together, and some within bounds: for every Monte Carlo
response of the test sample, a response of the same particle with that response's own properties, or
with properties not far from them. Reports the error of
the generated properties, beside that of responses without any request and of another Monte Carlo
response of the particle, and the mean Wasserstein distance of the channel sums to the Monte Carlo.
Writes benchmarks/results/NAME_properties.json, .md and .png.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from figure_file import write_png
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import provenance, shortened
from zdcsim.channels import channel_sums
from zdcsim.evaluation.bootstrap import drawn_rows
from zdcsim.evaluation.errors import another_copy
from zdcsim.evaluation.floor import divisions
from zdcsim.evaluation.plots import MODEL, MONTE_CARLO, style
from zdcsim.evaluation.properties import properties
from zdcsim.evaluation.settings import Settings
from zdcsim.generation import respond, steering
from zdcsim.io import tree
from zdcsim.io.bundle import Bundle, read_bundle
from zdcsim.response import Responses
from zdcsim.steering import PROPERTIES
from zdcsim.wasserstein import w1

SMALLEST_SUM = 30
"""Responses with less light have no centroid worth asking for."""

Request = dict[str, float]
"""Half widths of the bounds around a response's own properties, by name, 0 to ask for the value: of
the centroid in fibres, of the others relative."""

REQUESTS: dict[str, Request] = {
    "nothing": {},
    **{name: {name: 0.0} for name in PROPERTIES},
    "place and photon sum": dict.fromkeys(list(PROPERTIES)[:3], 0.0),
    "photon sum within 10 %": {"photon_sum": 0.1},
    "place within 0.2 fibres, sum within 10 %": {
        "center_x": 0.2,
        "center_y": 0.2,
        "photon_sum": 0.1,
    },
    "all": dict.fromkeys(PROPERTIES, 0.0),
}


def bounds(asked: Request, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lowest and highest value of what is asked, of each response, shape (N, K, 2).

    Arguments:
        asked: K properties.
        truth: Properties of the responses, shape (N, P).
    """
    columns = [list(PROPERTIES).index(name) for name in asked]
    middle, half = truth[:, columns], np.array(list(asked.values()))
    relative = [not name.startswith("center") for name in asked]
    half = half * np.where(relative, middle, 1.0)
    return np.stack([middle - half, middle + half], axis=2)


def generated(
    bundle: Bundle, sample: Responses, asked: Request, truth: NDArray[np.float64], seed: int
) -> NDArray[np.int32]:
    """A response for every one of the sample, asked for some of its properties."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(sample), bundle.noise_size)).astype(np.float32)
    if asked:
        rows = [
            steering(bundle).noise(
                sample.conditions[i : i + 1],
                noise[i : i + 1],
                {name: (low, high) for name, (low, high) in zip(asked, wanted, strict=True)},
                rng,
            )
            for i, wanted in enumerate(bounds(asked, truth).tolist())
        ]
        noise = np.concatenate(rows)
    return respond(bundle, sample.conditions, noise)


def inside(
    photons: NDArray[np.int32], sample: Responses, asked: Request, truth: NDArray[np.float64]
) -> float:
    """Share of the responses that have light and all properties within what was asked."""
    lit = photons.any((1, 2))
    columns = [list(PROPERTIES).index(name) for name in asked]
    found = properties(photons[lit], sample.calorimeter)[:, columns]
    low, high = np.moveaxis(bounds(asked, truth[lit]), 2, 0)
    return float(((found >= low) & (found <= high)).all(1).sum() / len(photons))


def judged(
    photons: NDArray[np.int32], sample: Responses, truth: NDArray[np.float64]
) -> dict[str, object]:
    """Errors of every property, and the mean channel distance."""
    lit = photons.any((1, 2))
    error = properties(photons[lit], sample.calorimeter) - truth[lit]
    error[:, 2:] /= truth[lit][:, 2:]
    ours, theirs = (
        channel_sums(each, sample.calorimeter, "o2") for each in (photons, whole(sample))
    )
    draws = drawn_rows(sample.particle, np.random.default_rng(1))
    return {
        "median_absolute_error": dict(zip(PROPERTIES, np.median(np.abs(error), 0), strict=True)),
        "mean_error": dict(zip(PROPERTIES, error.mean(0), strict=True)),
        "empty": float(1 - lit.mean()),
        "wasserstein": distance(ours, theirs),
        "wasserstein_error": float(np.std([distance(ours[r], theirs[r]) for r in draws], ddof=1)),
    }


def whole(sample: Responses) -> NDArray[np.int32]:
    """Its counts, shape (N, Nx, Ny)."""
    return sample.dense().astype(np.int32)


def distance(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Mean over channels of the distance of their sums, shapes (N, 5) and (M, 5)."""
    return float(np.mean([w1(a, b) for a, b in zip(ours.T, theirs.T, strict=True)]))


def another(sample: Responses, truth: NDArray[np.float64], seed: int) -> dict[str, object]:
    """What a perfect generator without requests gives: another response of the particle.

    The distance is that of two halves, as the other responses are all the same ones; it is larger
    than that of whole samples.
    """
    rows = another_copy(sample.particle, np.random.default_rng(seed))
    sums = channel_sums(whole(sample), sample.calorimeter, "o2")
    floors = [distance(sums[a], sums[b]) for a, b in divisions(sample.particle, Settings())]
    found = judged(whole(sample)[rows], sample, truth)
    return {
        **found,
        "wasserstein": float(np.mean(floors)),
        "wasserstein_error": float(np.std(floors, ddof=1)),
    }


def drawn(asked: NDArray[np.float64], got: NDArray[np.float64]) -> Figure:
    """Every property of the generated responses against what was asked, all asked together."""
    figure = Figure(figsize=(13.0, 2.9), layout="constrained")
    for k, (axis, (name, unit)) in enumerate(
        zip(figure.subplots(1, len(PROPERTIES)), PROPERTIES.items(), strict=True)
    ):
        axis.plot(asked[:, k], got[:, k], ".", color=MODEL, markersize=2)
        ends = [asked[:, k].min(), asked[:, k].max()]
        axis.plot(ends, ends, color=MONTE_CARLO, linewidth=0.8)
        short = "fibres" if unit.startswith("fibres") else unit
        axis.set_xlabel(f"{name}, asked [{short}]", fontsize=8, loc="center")
        axis.set_ylabel("generated", fontsize=8)
        if not name.startswith("center"):
            axis.set(xscale="log", yscale="log")
    return figure


def markdown(found: dict[str, dict[str, Any]], record: dict[str, object]) -> str:
    """The table as Markdown."""
    head = ["asked for", *PROPERTIES, "mean channel W"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for asked, numbers in found.items():
        errors = numbers["median_absolute_error"]
        cells = [
            f"{errors[name]:.2f}" if name.startswith("center") else f"{100 * errors[name]:.0f} %"
            for name in PROPERTIES
        ]
        cells.append(f"{numbers['wasserstein']:.2f} ± {numbers['wasserstein_error']:.2f}")
        lines.append(f"| {asked} | {' | '.join(cells)} |")
    lines += [
        "",
        *(
            f"{asked}: {100 * numbers['inside']:.0f} % of the responses lie within what was asked "
            f"(asked for nothing {100 * numbers['inside_unasked']:.0f} %, another Monte Carlo "
            f"response {100 * numbers['inside_monte_carlo']:.0f} %)."
            for asked, numbers in found.items()
            if "inside" in numbers
        ),
        "",
        "Median absolute error of a response's property against what was asked (that of one "
        "Monte Carlo response of the same particle): centroid in fibres, the others relative; and "
        "the distance of the channel sums to the Monte Carlo, in photo-electrons, ± over draws of "
        "the particles with replacement. `(another Monte Carlo response)`: of the same particle, "
        "what a perfect generator without request would give; its distance is that of two halves "
        "of the sample, ± over divisions. Responses of at "
        f"least {SMALLEST_SUM} photo-electrons, {record['responses']} of {record['reference']}. "
        "`(counting alone)`: Poisson counts around that very Monte Carlo response, the scale of "
        "what drawing counts costs (it darkens dim fibres, hence its occupancy). "
        f"Geant4 with {record['geant4_data']} tables. Bundle {record['bundle']}, commit "
        f"{shortened(str(record['commit']))}. Made by `python benchmarks/property_control.py`.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--reference", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--name", default="corrvae")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    bundle, full = read_bundle(options.model), tree.read(options.reference)
    sample = full.select(full.photon_sum() >= SMALLEST_SUM)
    truth = properties(sample.dense(), sample.calorimeter)
    again = np.random.default_rng(options.seed).poisson(sample.dense()).astype(np.int32)
    found: dict[str, dict[str, Any]] = {
        "(counting alone)": judged(again, sample, truth),
        "(another Monte Carlo response)": another(sample, truth, options.seed),
    }
    unasked = generated(bundle, sample, {}, truth, options.seed)
    other = whole(sample)[another_copy(sample.particle, np.random.default_rng(options.seed))]
    for title, asked in REQUESTS.items():
        photons = generated(bundle, sample, asked, truth, options.seed)
        found[title] = judged(photons, sample, truth)
        if any(asked.values()):
            known = {"inside": photons, "inside_unasked": unasked, "inside_monte_carlo": other}
            found[title] |= {
                name: inside(each, sample, asked, truth) for name, each in known.items()
            }
        print(title, found[title], flush=True)
    record = {
        **provenance("zdcsim", "onnxruntime", "numpy"),
        "bundle": options.name,
        "bundle_sha256": bundle.sha256,
        "training": bundle.manifest.get("training", {}),
        "reference": options.reference.name,
        "geant4_data": sample.provenance.get("geant4_data", "not stated"),
        "responses": len(sample),
        "smallest_photon_sum": SMALLEST_SUM,
    }
    stem = options.out / f"{options.name}_properties"
    write_text(stem.with_suffix(".json"), json.dumps({**record, "requests": found}, indent=1))
    write_text(stem.with_suffix(".md"), markdown(found, record))
    lit = photons.any((1, 2))
    with style():
        got = properties(photons[lit], sample.calorimeter)
        write_png(stem.with_suffix(".png"), drawn(truth[lit], got), dpi=80)
    print(markdown(found, record))


if __name__ == "__main__":
    main()
