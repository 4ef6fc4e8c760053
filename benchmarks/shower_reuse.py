"""Compare re-used showers with showers simulated where the re-used ones land.

A gun shoots at one fibre's cell of a block with a margin; its showers are used again by a shift and
a symmetry. Another gun, other seeds, shoots at the cell where they land, in the real block. Of both
only those particles are taken whose way in groove and fibre the move keeps, as `zdcsim convert
--reuses` takes them. The two samples must follow one law: for every quantity the Wasserstein
distance between them is ranked among those of random divisions of the two together (permutation
test). As a check that the test can see a bias, the same showers are moved as if nothing had been
recorded in the margin.

How many independent showers a library is worth: the variance that re-uses of one shower share
(intra-class correlation r) leaves n m / (1 + (m - 1) r) of n showers used m times each.

python benchmarks/shower_reuse.py --showers 150 --out benchmarks/results
"""

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.files import write_text
from detcore.provenance import commit, provenance
from zdcsim.channels import channel_sums
from zdcsim.evaluation.features import FEATURES, features
from zdcsim.geometry import CALORIMETERS, calorimeter
from zdcsim.io import tree
from zdcsim.montecarlo import library, moves
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.moves import MIRROR_Y, Moves
from zdcsim.montecarlo.production import Production, geant4_folder
from zdcsim.montecarlo.run import run
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.source import Source
from zdcsim.response import Responses, joined, origin, sparse
from zdcsim.sample.symmetry import SYMMETRIES
from zdcsim.wasserstein import w1

MARGIN = 8
PERMUTATIONS = 2000
REUSES = 6
TRANSPORT = Transport()


@dataclass(frozen=True)
class Case:
    """One comparison.

    Arguments:
        name: What it stands for.
        detector: Calorimeter.
        particle: What is shot.
        energy_gev: Its energy.
        source: Cell where the showers are recorded, from the block's centre.
        symmetry: Index of the symmetry.
        shift: Whole pitches after the symmetry.
    """

    name: str
    detector: str
    particle: str
    energy_gev: float
    source: tuple[int, int]
    symmetry: int
    shift: tuple[int, int]

    @property
    def back(self) -> tuple[int, tuple[int, int]]:
        """Symmetry and shift that bring the showers back."""
        turn = SYMMETRIES[self.symmetry].T
        x, y = -turn @ np.array(self.shift)
        return int(np.argmax((turn == SYMMETRIES).all((1, 2)))), (int(x), int(y))

    @property
    def target(self) -> tuple[int, int]:
        """The cell where they land; cells are counted from the centre, 0 and -1 touch it."""
        middle = SYMMETRIES[self.symmetry] @ (np.array(self.source) + 0.5)
        x, y = np.floor(middle).astype(int) + np.array(self.shift)
        return int(x), int(y)


CASES = (
    Case("neutrons, middle of the ZN", "zn", "neutron", 150.0, (3, -2), 5, (-6, 4)),
    Case("neutrons, to the edge of the ZN", "zn", "neutron", 150.0, (12, 2), 0, (8, 3)),
    Case("photons, to the edge of the ZN", "zn", "gamma", 100.0, (12, 2), 6, (2, 8)),
    Case("protons, to the edge of the ZP", "zp", "proton", 150.0, (-5, 6), MIRROR_Y, (3, -7)),
    Case("neutrons, 1 cm from the edge of the ZN", "zn", "neutron", 150.0, (12, 2), 0, (3, 3)),
    Case(
        "protons, 2 cm from the edge of the ZP", "zp", "proton", 150.0, (-5, 2), MIRROR_Y, (3, -7)
    ),
)


def showers(case: Case, cell: tuple[int, int], margin: int, number: int, seed: int) -> Responses:
    """Showers of a gun at one cell."""
    detector = calorimeter(case.detector)
    x, y = (detector.pitch * (i + 0.5) for i in cell)
    gun = Gun(case.particle, case.energy_gev, x, y, detector.pitch / 2)
    production = Production(
        detector, Source(gun), number, 1, 0, seed, TRANSPORT, geant4_folder("auto"), margin
    )
    with tempfile.TemporaryDirectory() as folder:
        return run(production, Path(folder) / "showers.root", 1)


def move(showers: Responses, symmetry: int, shift: tuple[int, int]) -> Moves:
    """A move of all showers; valid of those that a conversion would use with it."""
    n, face = len(showers), CALORIMETERS[showers.calorimeter.name]
    symmetries, shifts = np.full(n, symmetry), np.tile(shift, (n, 1))
    there = moves.moved(showers.conditions, symmetries, shifts, face, None)
    alike = moves.same_way(showers.conditions, there.conditions, face, None)
    return replace(there, valid=there.valid & alike)


def kept(showers: Responses, symmetry: int, shift: tuple[int, int]) -> Responses:
    """The showers that a conversion would use with this move."""
    return showers.select(np.flatnonzero(move(showers, symmetry, shift).valid))


def moved(recorded: Responses, case: Case) -> Responses:
    """The showers at the target cell, seen by the real block."""
    return library.window(recorded, move(recorded, case.symmetry, case.shift), 1)


def without_margin(recorded: Responses) -> Responses:
    """The recorded showers without what the margin saw."""
    dense = recorded.dense().astype(np.int32)
    kept = np.zeros_like(dense)
    inside = (slice(None), slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    kept[inside] = dense[inside]
    offsets, pixels, counts = sparse(kept)
    return replace(recorded, offsets=offsets, pixels=pixels, counts=counts)


def quantities(responses: Responses) -> dict[str, NDArray[np.float64]]:
    """Features and O2's channel sums of every response; undefined values stay NaN."""
    dense, block = responses.dense(), responses.calorimeter
    named = dict(zip(FEATURES, features(dense, block).T, strict=True))
    sums = channel_sums(dense, block, "o2").T
    return {**named, **{f"channel {i}": column for i, column in enumerate(sums)}}


def compared(a: Responses, b: Responses, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Distance, its mean over random divisions and the p value, of every quantity."""
    ours, theirs = quantities(a), quantities(b)
    found = {}
    for name in ours:
        x, y = (values[np.isfinite(values)] for values in (ours[name], theirs[name]))
        both = np.concatenate([x, y])
        if len(np.unique(both)) < 2:
            continue
        distance = w1(x, y)
        random = []
        for _ in range(PERMUTATIONS):
            mixed = rng.permutation(both)
            random.append(w1(mixed[: len(x)], mixed[len(x) :]))
        above = int((np.array(random) >= distance).sum())
        found[name] = {
            "mean re-used": float(x.mean()),
            "mean simulated": float(y.mean()),
            "distance": distance,
            "random": float(np.mean(random)),
            "p": (above + 1) / (PERMUTATIONS + 1),
        }
    return found


def shared_variance(recorded: Responses, seed: int) -> dict[str, float]:
    """Intra-class correlation of every quantity between the re-uses of one shower."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.root"
        tree.write(path, recorded)
        blocks = [block.responses for block in library.blocks(path, REUSES, seed)]
    all_of = joined(blocks)
    shower = origin(all_of.particle)
    found = {}
    for name, values in quantities(all_of).items():
        if name.startswith("centroid"):
            continue
        kept = np.isfinite(values)
        _, group, size = np.unique(shower[kept], return_inverse=True, return_counts=True)
        found[name] = correlation(values[kept], group, size)
    return found


def correlation(
    values: NDArray[np.float64], group: NDArray[np.int64], size: NDArray[np.int64]
) -> float:
    """Intra-class correlation from a one-way analysis of variance."""
    mean = np.bincount(group, values) / size
    within = ((values - mean[group]) ** 2).sum() / (len(values) - len(size))
    between = (size * (mean - values.mean()) ** 2).sum() / (len(size) - 1)
    m = len(values) / len(size)
    return float(max(0.0, (between - within) / (between + (m - 1) * within)))


def worth(correlation: float) -> float:
    """Effective number over the number of showers, each used REUSES + 1 times."""
    m = REUSES + 1
    return m / (1 + (m - 1) * correlation)


def worth_table(shared: dict[str, float], described: str) -> list[str]:
    """What a library is worth, as lines of Markdown."""
    return [
        "",
        "## What a library is worth",
        "",
        f"{described}, each used {REUSES + 1} times in random places; r is the correlation between "
        "re-uses of one shower.",
        "",
        "| quantity | r | effective number over showers |",
        "|---|---|---|",
        *(f"| {name} | {r:.2f} | {worth(r):.2f} |" for name, r in shared.items()),
    ]


def table(result: dict[str, object]) -> str:
    """The result as Markdown."""
    lines = [
        "# Re-used showers against showers simulated in place",
        "",
        f"{result['machine']}; commit {result['commit']}; Geant4 tables: "
        f"{result['geant4_data']}; {result['showers']} showers a sample, "
        f"margin {MARGIN} fibres; {TRANSPORT.physics_list}, grooves of {result['grooves']}. "
        "Made by `benchmarks/shower_reuse.py`, which says what the columns are. Distances in the "
        "quantity's own unit. p without margin: of the same test when the light that moves in over "
        "the edge of the face is not known.",
    ]
    cases: dict[str, dict[str, object]] = result["cases"]  # type: ignore[assignment]
    for name, case in cases.items():
        lines += ["", f"## {name}", "", f"{case['described']}", ""]
        lines += ["| quantity | re-used | simulated | W1 | random W1 | p | p without margin |"]
        lines += ["|---|---|---|---|---|---|---|"]
        blind: dict[str, dict[str, float]] = case["without margin"]  # type: ignore[assignment]
        for quantity, row in case["compared"].items():  # type: ignore[attr-defined]
            lines.append(
                f"| {quantity} | {row['mean re-used']:.3g} | {row['mean simulated']:.3g} | "
                f"{row['distance']:.3g} | {row['random']:.3g} | {row['p']:.3f} | "
                f"{blind[quantity]['p'] if quantity in blind else 1:.4f} |"
            )
    if "shared variance" in result:
        lines += worth_table(result["shared variance"], str(result["worth of"]))  # type: ignore[arg-type]
    return "\n".join(lines) + "\n"


def measured(case: Case, seed: int, number: int) -> tuple[dict[str, object], Responses]:
    """Both comparisons of one case, and its recorded showers that are compared."""
    rng = np.random.default_rng(seed)
    recorded = kept(showers(case, case.source, MARGIN, number, seed), case.symmetry, case.shift)
    there = kept(showers(case, case.target, 0, number, seed + 1), *case.back)
    found: dict[str, object] = {
        "described": f"{case.particle} of {case.energy_gev:.0f} GeV, recorded at cell "
        f"{case.source} from the centre, symmetry {SYMMETRIES[case.symmetry].tolist()}, "
        f"shift {case.shift}, to cell {case.target}; {len(recorded)} re-used and {len(there)} "
        "simulated showers whose way in groove and fibre the move keeps",
        "compared": compared(moved(recorded, case), there, rng),
        "without margin": compared(moved(without_margin(recorded), case), there, rng),
        "cpu seconds": [float(recorded.cpu_seconds.mean()), float(there.cpu_seconds.mean())],
        "commit": commit(),
    }
    return found, recorded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--showers", type=int, default=150)
    parser.add_argument("--cases", type=int, nargs="*", default=list(range(len(CASES))),
                        help="cases to measure anew; others stay as they are")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--worth", type=Path, help="judge the worth of this file of one energy")
    arguments = parser.parse_args()
    path = arguments.out / "shower_reuse.json"
    result = json.loads(path.read_text()) if path.exists() else {"cases": {}}
    for number in arguments.cases:
        case = CASES[number]
        seed = 1000 + 2 * number
        result["cases"][case.name], recorded = measured(case, seed, arguments.showers)
        result |= {
            "reuses": REUSES,
            "showers": arguments.showers,
            "margin": MARGIN,
            "geant4_data": recorded.provenance["geant4_data"],
            "transport": TRANSPORT.record(),
            "grooves": recorded.provenance["grooves"],
            **provenance("geant4-pybind", "numpy"),
        }
        write_text(path, json.dumps(result, indent=1) + "\n")
        print(case.name, flush=True)
    if arguments.worth is not None:
        showers_of = tree.read_library(arguments.worth)
        showers_of = replace(showers_of, particle=np.arange(len(showers_of)))
        result["shared variance"] = shared_variance(showers_of, 1)
        result["worth of"] = (
            f"{len(showers_of)} showers of {arguments.worth.name}, recorded with a margin of "
            f"{tree.margin(showers_of)} fibres (with 0, symmetries only)"
        )
        write_text(path, json.dumps(result, indent=1) + "\n")
    write_text(arguments.out / "shower_reuse.md", table(result))


if __name__ == "__main__":
    main()
