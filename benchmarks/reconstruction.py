"""Does a bundle close at reconstruction level? Events through Geant4 and through the bundle.

python benchmarks/reconstruction.py --model data/zn-shower-vae

Pb-Pb: spectator neutrons of data/zn_pbpb.root, summed to events of the Glauber model. pp: the
collisions of data/zn_test.root with every primary, also those that miss. Both go through the
emulator of O2: classifier, then generator, one primary after the other. pp events with every
primary go through the deployment of the bundle (`zdcsim deploy`), in which particles may decay on
the way; what is known to have reached the face goes through the bundle itself. Compared are the
channel signals, energy, centroid, asymmetry, number of neutrons and centrality, beside the floor,
Geant4 against Geant4. Writes benchmarks/results/reconstruction.json and .md.
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore.files import sha256, write_text
from detcore.provenance import provenance, shortened
from zdcsim.conditions import ENERGY
from zdcsim.export.deployment import stem, write_deployment
from zdcsim.export.emulator import FastSimulation
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.io.bundle import read_bundle
from zdcsim.io.zoo import family
from zdcsim.montecarlo.collisions import Collisions
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.source import Source, primaries
from zdcsim.reconstruction.centroid import CentroidSettings
from zdcsim.reconstruction.closure import Shift
from zdcsim.reconstruction.energy import light
from zdcsim.reconstruction.lead_lead import LeadEvents, LeadSettings, lead_events
from zdcsim.reconstruction.proton_proton import proton_events
from zdcsim.reconstruction.quantities import Calibration
from zdcsim.response import Responses

MOST_MISSES = 20_000
"""More primaries than the collisions of the pp sample have."""


def lead(events: LeadEvents, rng: np.random.Generator) -> dict[str, Any]:
    """Closure and resolutions of the lead-lead events."""
    whole = [*events.monte_carlo, *events.generated]
    names = ["monte_carlo A", "monte_carlo B", *(f"bundle {i}" for i in range(len(whole) - 2))]
    return {
        "closures": {name: asdict(one) for name, one in events.closures(rng).items()},
        "resolution": {n: events.resolution(one) for n, one in zip(names, whole, strict=True)},
        "photo_electrons_per_tev": events.calibration.photo_electrons_per_tev,
        "photo_electrons_per_neutron": events.calibration.photo_electrons_per_neutron,
        "neutrons_per_zn": float(events.neutrons.mean()),
        "showers": {
            "particles": int(events.monte_carlo.shape[1]),
            "monte_carlo": of_showers(events.monte_carlo),
            "bundle": of_showers(events.generated),
        },
    }


def of_showers(signals: NDArray[np.float64]) -> dict[str, float]:
    """Mean and resolution of single showers, signals (copies, P, 5)."""
    seen = light(signals)
    return {
        "mean": float(seen.mean()),
        "standard_error": float(seen.mean(axis=0).std(ddof=1) / np.sqrt(seen.shape[1])),
        "resolution": float(seen.std() / seen.mean()),
    }


def missed(simulation: FastSimulation, conditions: NDArray[np.float32]) -> dict[str, float]:
    """What the bundle makes of spectators that miss the face, most of them protons."""
    seen = light(simulation.signals(conditions, np.random.default_rng(1)))
    return {"spectators": len(conditions), "with_light": float((seen > 0).mean())}


def of_collisions(sample: Responses) -> tuple[Primaries, Primaries]:
    """Primaries of the pp sample and all others of its collisions, made again from its seed."""
    seed, number = (int(str(sample.provenance[key])) for key in ("seed", "particles"))
    return primaries(Source(Collisions()), number, MOST_MISSES, ZN, seed)


def protons(
    sample: Responses,
    bundle: FastSimulation,
    deployment: FastSimulation,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Closure of the proton-proton events."""
    per_tev = sample.photon_sum().sum() / sample.conditions[:, ENERGY].sum(dtype=float) * 1000
    calibration = Calibration(float(per_tev), towers=CentroidSettings(exponent=0.5))
    of = of_collisions(sample)
    events, plain = (
        proton_events(sample, *of, simulation, calibration, rng)
        for simulation in (deployment, bundle)
    )
    reaching = plain.only_hits()
    return {
        "collisions": events.collisions,
        "events": events.members.events,
        "closures": {name: asdict(one) for name, one in events.closures(rng).items()},
        "closures_of_hits": {name: asdict(one) for name, one in reaching.closures(rng).items()},
        "primaries": events.missing(),
        "primaries_without_decays": plain.missing(),
        "photo_electrons_per_tev": float(per_tev),
    }


def shown(value: float, error: float) -> str:
    """Value ± error, digits as the error has them."""
    digits = max(0, 1 - int(np.floor(np.log10(error)))) if error > 0 else 2
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def plain(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def row(name: str, found: dict[str, Any]) -> str:
    """One line of a table."""
    shift, floor = Shift(**found["shift"]), Shift(**found["floor_shift"])
    unit = f", {found['unit']}" if found["unit"] else ""
    mean, spread = found["monte_carlo"]
    cells = [
        f"{name}{unit}",
        f"{plain(mean)} ({plain(spread)})",
        shown(floor.value, floor.error),
        shown(shift.value, shift.error),
        *(shown(found[key]["mean"], found[key]["spread"]) for key in ("floor", "model")),
        f"{found['ratio']:.2f} ± {found['ratio_spread']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(closures: dict[str, Any]) -> list[str]:
    """A closure table."""
    head = [
        "",
        "Geant4: mean (spread)",
        "Geant4 A - B",
        "bundle - Geant4",
        "W floor",
        "W bundle",
        "ratio",
    ]
    return [
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *(row(name, found) for name, found in closures.items()),
        "",
    ]


def of_lead(pb: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """The tables of lead-lead events."""
    low, high = settings["interval"]
    resolution = pb["resolution"]
    geant4, bundle = (
        {key: float(np.mean([of[key] for name, of in resolution.items() if kind in name]))
         for key in resolution["bundle 0"]}
        for kind in ("monte_carlo", "bundle")
    )  # fmt: skip
    rows = (
        ("neutrons of a ZN, mean error", "neutrons_mean", 2),
        ("neutrons of a ZN, rms error", "neutrons_rms", 2),
        ("centrality, mean error, %", "centrality_mean", 2),
        ("centrality, rms error, %", "centrality_rms", 2),
        ("share in the true class of 5 %", "same_class", 3),
    )
    one, made = pb["showers"]["monte_carlo"], pb["showers"]["bundle"]
    return [
        f"**Pb-Pb**, {settings['events']} collisions of {low:.0f} to {high:.0f} % centrality, "
        f"{pb['neutrons_per_zn']:.0f} neutrons a ZN",
        "",
        *table(pb["closures"]),
        "| against the truth | Geant4 | bundle |",
        "|---|---|---|",
        *(f"| {label} | {geant4[k]:.{n}f} | {bundle[k]:.{n}f} |" for label, k, n in rows),
        f"| light of a neutron | {shown(one['mean'], one['standard_error'])} "
        f"| {shown(made['mean'], made['standard_error'])} |",
        f"| its resolution | {100 * one['resolution']:.1f} % | {100 * made['resolution']:.1f} % |",
        "",
    ]


def of_all(primaries: dict[str, float]) -> float:
    """Photo-electrons in a ZN of those that miss and those that hit."""
    return primaries["missed_photo_electrons"] + primaries["hit_photo_electrons"]


def of_misses(pp: dict[str, Any], pb: dict[str, float]) -> str:
    """What primaries that miss come to."""
    drawn, plain = pp["primaries"], pp["primaries_without_decays"]
    return (
        f"Of the {drawn['missed_per_collision']:.0f} primaries of a pp collision that miss, "
        f"{100 * drawn['missed_with_light']:.2f} % get light from the deployment, on average "
        f"{drawn['missed_photo_electrons']:.1f} photo-electrons in a ZN; "
        f"{100 * drawn['missed_light_of_decayed']:.0f} % of that light belongs to neutral "
        "particles that were aimed at the face and decayed on the way. In return "
        f"{100 * drawn['hit_left_dark']:.1f} % of those that reached it are left dark, drawn to "
        f"decay. Light of all: {of_all(drawn):.0f} photo-electrons in a ZN; without the drawing of "
        f"decays {of_all(plain):.0f}. Of "
        f"{pb['spectators']} Pb-Pb spectators that miss, {100 * pb['with_light']:.2f} % get light."
    )


def markdown(record: dict[str, Any]) -> str:
    """All tables, and what they are."""
    pb, pp = record["pbpb"], record["pp"]
    lines = [
        *of_lead(pb, record["settings"]),
        f"**pp**, {pp['collisions']} collisions, {pp['events']} events, all primaries",
        "",
        *table(pp["closures"]),
        "**pp**, the same with the primaries alone that reach the face",
        "",
        *table(pp["closures_of_hits"]),
        of_misses(pp, pb["missed"]),
        "",
        record["caption"],
    ]
    return "\n".join(lines) + "\n"


def caption(record: dict[str, Any]) -> str:
    """What the tables are."""
    return (
        f"Bundle {record['bundle']['name']} ({record['bundle']['family']}), run as O2 runs it. "
        "Photo-electrons if no unit is named. A - B: means of two independent Geant4 simulations "
        "of the same particles. Errors: "
        "independent units drawn anew, for Pb-Pb the "
        f"{record['pbpb']['showers']['particles']} particles of the pool from which events draw "
        "their showers, for pp the collisions. W: Wasserstein distance, Geant4 half to half "
        "(floor) and bundle to half, mean and spread over random halves; ratio 1 is a perfect "
        "generator. Light per TeV and per neutron and the reference of the centrality are "
        "Geant4's; ideal calorimeters, without noise, pile-up or saturation. "
        f"Monte Carlo: Geant4 with {record['geant4_data']} tables. Commit "
        f"{shortened(str(record['commit']))}, {record['machine']}. Made by "
        "`python benchmarks/reconstruction.py`."
    )


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("data/zn-shower-vae"))
    parser.add_argument("--pbpb", type=Path, default=Path("data/zn_pbpb.root"))
    parser.add_argument("--pp", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--events", type=int, default=LeadSettings.events)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    return parser.parse_args()


def main() -> None:
    """Reconstruct, compare, write the tables."""
    options = arguments()
    settings = LeadSettings(events=options.events, seed=options.seed)
    simulation, bundle = FastSimulation(options.model, "ZN"), read_bundle(options.model)
    spectators, sample = tree.read(options.pbpb), tree.read(options.pp)
    rng = np.random.default_rng([options.seed, 7])
    record: dict[str, Any] = {
        **provenance("zdcsim", "numpy", "onnxruntime", "chromo"),
        "bundle": {
            "name": options.model.name,
            "sha256": bundle.sha256,
            "family": family(dict(bundle.manifest)),
        },
        "data": {str(path): sha256(path) for path in (options.pbpb, options.pp)},
        "geant4_data": spectators.provenance.get("geant4_data", "not stated"),
        "settings": asdict(settings),
        "pbpb": lead(lead_events(spectators, simulation, settings), rng),
    }
    record["pbpb"]["missed"] = missed(simulation, tree.read_missed(options.pbpb)[1])
    with tempfile.TemporaryDirectory() as folder:
        write_deployment([options.model], Path(folder) / "zdc")
        deployed = FastSimulation(Path(folder) / "zdc", "ZN", stem("ZN"))
        record["pp"] = protons(sample, simulation, deployed, rng)
    record["caption"] = caption(record)
    write_text(options.out / "reconstruction.json", json.dumps(record, indent=1) + "\n")
    write_text(options.out / "reconstruction.md", markdown(record))
    print(markdown(record))


if __name__ == "__main__":
    main()
