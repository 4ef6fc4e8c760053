"""Many showers: shared out over processes, kept as they come, merged into one ROOT file.

Each shower has a seed of its own, made of the production's seed, its particle and its copy, so the
responses do not depend on the number of workers or on interruptions. Finished showers are kept in a
folder beside the output until the file is written; a production that was killed goes on from there.
"""

import json
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detcore.files import replacing, write_text
from detcore.provenance import provenance
from zdcsim.geometry import Calorimeter
from zdcsim.io import tree
from zdcsim.light import cherenkov, fibre, photo_electrons
from zdcsim.light.coupling import ALICE_PHOTO_ELECTRONS_PER_TEV, CALIBRATION, coupling
from zdcsim.montecarlo import datasets, source
from zdcsim.montecarlo.primaries import Primaries
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.source import Source
from zdcsim.montecarlo.standin import generate
from zdcsim.response import Responses, sparse

IDENTIFIERS_PER_SEED = 1_000_000
Shower = tuple[int, int]
"""Index of the particle and number of the copy."""


@dataclass(frozen=True)
class Production:
    """What to simulate.

    Arguments:
        calorimeter: The detector.
        source: Where the primaries come from.
        particles: Number of different primaries; at most this many where the source makes whole
            events.
        copies: Independent showers of each.
        missed: Primaries that do not reach the calorimeter, stored as conditions only.
        seed: Seed of everything.
        transport: Geant4 cuts.
        geant4_data: Folder of the Geant4 data sets.
    """

    calorimeter: Calorimeter
    source: Source
    particles: int
    copies: int
    missed: int
    seed: int
    transport: Transport
    geant4_data: Path

    def __post_init__(self) -> None:
        if not 0 < self.particles <= IDENTIFIERS_PER_SEED or self.copies < 1 or self.missed < 0:
            raise ValueError(
                f"a production needs 1 to {IDENTIFIERS_PER_SEED} particles and at least 1 copy; "
                f"got {self.particles} particles, {self.copies} copies, {self.missed} missed"
            )
        if self.seed < 0:
            raise ValueError(f"the seed must not be negative; got {self.seed}")

    def record(self) -> dict[str, object]:
        """Everything that determines the responses, as stored in the file."""
        stand_in = (self.geant4_data / datasets.STAND_IN_MARK).exists()
        return {
            "data_kind": "geant4 simulation",
            "geant4_data": "stand-in" if stand_in else "official",
            "geant4": f"11.4.1 (geant4-pybind {version('geant4-pybind')})",
            "calorimeter": self.calorimeter.name,
            "source": self.source.record(),
            "particles": self.particles,
            "copies": self.copies,
            "missed": self.missed,
            "seed": self.seed,
            "reused_showers": False,
            "transport": self.transport.record(),
            "light": light_record(self.calorimeter),
        }


def light_record(calorimeter: Calorimeter) -> dict[str, object]:
    """The constants of the light model."""
    return {
        "refractive_index": cherenkov.REFRACTIVE_INDEX,
        "wavelength_nm": [cherenkov.WAVELENGTH_MIN_NM, cherenkov.WAVELENGTH_MAX_NM],
        "numerical_aperture": fibre.NUMERICAL_APERTURE,
        "attenuation_length_mm": fibre.ATTENUATION_LENGTH_MM,
        "quantum_efficiency": photo_electrons.QUANTUM_EFFICIENCY,
        "coupling": coupling(calorimeter),
        "coupling_relative_error": CALIBRATION[calorimeter.name].relative_error,
        "calibrated_to_photo_electrons_per_tev": ALICE_PHOTO_ELECTRONS_PER_TEV[calorimeter.name],
    }


def run(
    production: Production,
    out: Path,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Responses:
    """Simulate, or go on simulating, and write the ROOT file.

    Arguments:
        production: What to simulate.
        out: The ROOT file.
        workers: Number of processes.
        progress: Called with the number of finished showers and of all.

    Returns:
        What was written.

    Raises:
        ValueError: If an unfinished production with other settings or of another commit lies
            there, or no primary reaches the calorimeter.
    """
    parts = out.with_name(f".{out.name}.parts")
    record = {**production.record(), **provenance("zdcsim", "geant4-pybind", "chromo", "numpy")}
    created = _claim(parts, record)
    hits, misses = _primaries(production, parts)
    if len(hits) == 0:
        raise ValueError(
            f"no primary of these collisions reaches the {production.calorimeter.name}; ask for "
            "more events or another centrality"
        )
    showers = [(i, c) for i in range(len(hits)) for c in range(production.copies)]
    left = [shower for shower in showers if not _part(parts, shower).exists()]
    progress(len(showers) - len(left), len(showers))
    _simulate(production, hits, left, parts, workers, lambda n: progress(n, len(showers)))
    responses = _merge(production, hits, showers, parts, {**record, "created": created})
    event = hits.event[[i for i, _ in showers]]
    tree.write(out, responses, (misses.pdg, misses.conditions), event)
    shutil.rmtree(parts)
    return responses


def shower_seeds(seed: int, shower: Shower) -> tuple[int, np.random.Generator]:
    """Seed of Geant4's engine (below 2^31) and generator of the photo-electrons of one shower."""
    engine, light = np.random.SeedSequence([seed, *shower]).spawn(2)
    return int(engine.generate_state(1)[0] >> 1), np.random.default_rng(light)


def _claim(parts: Path, record: dict[str, Any]) -> str:
    """Start or take up the folder of finished showers; returns when it was started."""
    path = parts / "production.json"
    if not path.exists():
        write_text(path, json.dumps(record, indent=1))
        return str(record["created"])
    started = json.loads(path.read_text())
    compared = set(record) - {"created", "machine", "versions"}
    now = json.loads(json.dumps(record))
    differs = sorted(key for key in compared if started.get(key) != now[key])
    if differs:
        raise ValueError(
            f"{parts} holds an unfinished production with another {', '.join(differs)}; finish it "
            "with the settings in its production.json, choose another --out, or delete it"
        )
    return str(started["created"])


def _primaries(production: Production, parts: Path) -> tuple[Primaries, Primaries]:
    path = parts / "primaries.npz"
    if not path.exists():
        hits, misses = source.primaries(
            production.source,
            production.particles,
            production.missed,
            production.calorimeter,
            production.seed,
        )
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez(
                file,
                pdg=hits.pdg,
                conditions=hits.conditions,
                missed_pdg=misses.pdg,
                missed_conditions=misses.conditions,
                event=hits.event,
                missed_event=misses.event,
            )
    with np.load(path) as found:
        return (
            Primaries(found["pdg"], found["conditions"], found["event"]),
            Primaries(found["missed_pdg"], found["missed_conditions"], found["missed_event"]),
        )


def _simulate(
    production: Production,
    hits: Primaries,
    left: list[Shower],
    parts: Path,
    workers: int,
    finished: Callable[[int], None],
) -> None:
    done = len(hits) * production.copies - len(left)
    if not left:
        return
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(left)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(production,),
    )
    with pool:
        futures = [
            pool.submit(_shower, production, int(hits.pdg[i]), hits.conditions[i], (i, c), parts)
            for i, c in left
        ]
        try:
            for future in as_completed(futures):
                future.result()
                done += 1
                finished(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_transporter: Any = None


def _start_worker(production: Production) -> None:
    """Bring up Geant4 in a worker, silently."""
    global _transporter
    threading.Thread(target=_end_with_parent, daemon=True).start()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    datasets.use(production.geant4_data)
    from zdcsim.montecarlo.shower import Transporter

    _transporter = Transporter(production.calorimeter, production.transport)


def _end_with_parent() -> None:
    """Wait for the parent process and end at once when it is gone, even killed.

    An orphaned worker would go on with what it has been handed, into a folder that a resumed
    production uses again.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _shower(
    production: Production,
    pdg: int,
    conditions: NDArray[np.float32],
    shower: Shower,
    parts: Path,
) -> None:
    """Simulate one shower in a worker and keep it."""
    from zdcsim.montecarlo.shower import primary_of

    seed, rng = shower_seeds(production.seed, shower)
    primary = primary_of(pdg, conditions, production.calorimeter, production.source.machine)
    expected, seconds = _transporter.shower(primary, seed)
    counts = photo_electrons.draw(expected, rng)
    _, pixels, values = sparse(counts[None])
    with replacing(_part(parts, shower)) as partial, partial.open("wb") as file:
        np.savez(file, pixels=pixels, counts=values, cpu_seconds=np.float32(seconds))


def _part(parts: Path, shower: Shower) -> Path:
    return parts / f"{shower[0]:06d}" / f"{shower[1]:04d}.npz"


def _merge(
    production: Production,
    hits: Primaries,
    showers: list[Shower],
    parts: Path,
    record: dict[str, object],
) -> Responses:
    pixels, counts, seconds = [], [], []
    for shower in showers:
        with np.load(_part(parts, shower)) as found:
            pixels.append(found["pixels"])
            counts.append(found["counts"])
            seconds.append(float(found["cpu_seconds"]))
    index = np.array([i for i, _ in showers])
    return Responses(
        calorimeter=production.calorimeter,
        particle=production.seed * IDENTIFIERS_PER_SEED + index,
        pdg=hits.pdg[index],
        conditions=hits.conditions[index],
        offsets=np.concatenate([[0], np.cumsum([len(p) for p in pixels])]).astype(np.int64),
        pixels=np.concatenate(pixels),
        counts=np.concatenate(counts),
        cpu_seconds=np.array(seconds, np.float32),
        provenance=record,
    )


def geant4_folder(kind: str) -> Path:
    """Folder of Geant4's data sets: `official`, `stand-in`, or `auto` for official if there are.

    Raises:
        ValueError: If official data are asked for and not found.
    """
    official = None if kind == "stand-in" else datasets.official_folder()
    if official is not None:
        return official
    if kind == "official":
        raise ValueError(
            "no official Geant4 11.4 data sets found; set GEANT4_DATA_DIR to the folder that holds "
            f"{', '.join(datasets.FOLDERS.values())}, or use --geant4-data stand-in"
        )
    return generate.ensure(datasets.stand_in_folder())
