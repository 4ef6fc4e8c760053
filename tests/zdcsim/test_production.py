"""Real Geant4 runs: determinism, resume, and the physics of small samples."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toys import toy_responses

from detcore.files import sha256
from detcore.share import Share
from zdcsim.conditions import ENERGY
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.io.lineage import MADE_OF
from zdcsim.montecarlo import library
from zdcsim.montecarlo.finished import Finished, Light
from zdcsim.montecarlo.growth import origin_of, there
from zdcsim.montecarlo.gun import Gun
from zdcsim.montecarlo.production import (
    IDENTIFIERS_PER_SEED,
    LARGEST_SEED,
    Production,
    geant4_folder,
    shower_seeds,
)
from zdcsim.montecarlo.run import run, run_share
from zdcsim.montecarlo.settings import Transport
from zdcsim.montecarlo.source import Source, primaries
from zdcsim.montecarlo.spectators import Spectators
from zdcsim.response import Responses, joined, reused

pytestmark = pytest.mark.geant4


def small(energy: float = 20.0, particles: int = 4, copies: int = 2, **gun: object) -> Production:
    return Production(
        calorimeter=ZN,
        source=Source(Gun("neutron", energy, spread_cm=0.5, **gun)),  # type: ignore[arg-type]
        particles=particles,
        copies=copies,
        missed=0,
        seed=11,
        transport=Transport(),
        geant4_data=geant4_folder("auto"),
    )


def same_showers(a: Responses, b: Responses) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("particle", "pdg", "conditions", "offsets", "pixels", "counts")
    )


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Responses:
    return run(small(), tmp_path_factory.mktemp("one") / "one.root", 1)


def test_file_holds_what_was_asked_for(reference: Responses) -> None:
    assert reference.particle.tolist() == [11_000_000 + i for i in (0, 0, 1, 1, 2, 2, 3, 3)]
    assert (reference.conditions[:, ENERGY] == 20).all()
    assert (reference.cpu_seconds > 0).all()
    assert reference.provenance["geant4_data"] in {"official", "stand-in"}
    copies = reference.dense()[:2]
    assert not np.array_equal(copies[0], copies[1])


def test_number_of_workers_does_not_matter(reference: Responses, tmp_path: Path) -> None:
    out = tmp_path / "two.root"
    run(small(), out, 2)
    assert same_showers(tree.read(out), reference)
    assert list(tmp_path.iterdir()) == [out]


def test_shares_are_merged_into_the_same_file(reference: Responses, tmp_path: Path) -> None:
    out = tmp_path / "shares.root"
    assert [run_share(small(), out, 1, Share(number, 2)) for number in (2, 1)] == [4, 4]
    assert not out.exists()
    shown: list[tuple[int, int]] = []
    merged = run(small(), out, 1, lambda done, total: shown.append((done, total)))
    assert shown == [(8, 8)]  # there is nothing left to simulate
    assert same_showers(merged, reference)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(("particles", "copies", "first"), [(3, 1, [0, 2, 4]), (1, 2, [0, 1])])
def test_a_sample_grows_by_particles_and_copies(
    particles: int, copies: int, first: list[int], reference: Responses, tmp_path: Path
) -> None:
    out = tmp_path / "grown.root"
    run(small(particles=particles, copies=copies), out, 1)
    began, smaller = tree.read(out), sha256(out)
    shown: list[tuple[int, int]] = []
    grown = run(small(), out, 1, lambda done, total: shown.append((done, total)), earlier=out)
    assert shown[0] == (len(first), 8)  # those that are there are not simulated again
    assert same_showers(grown, reference)
    assert grown.cpu_seconds[first].tolist() == began.cpu_seconds.tolist()
    known = grown.provenance["grown_from"]
    assert isinstance(known, dict)
    assert (known["particles"], known["copies"]) == (particles, copies)
    assert grown.provenance[MADE_OF] == [smaller]
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 20261129}, "seed 20261129 is too large: .* choose one up to 1099510"),
        ({"margin": 107}, "a margin of 107 makes 258 x 258 fibres; at most 65536"),
    ],
)
def test_numbers_that_would_not_fit_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(small(), **changed)
    highest = replace(small(), seed=LARGEST_SEED)
    last = np.array([highest.seed * IDENTIFIERS_PER_SEED + IDENTIFIERS_PER_SEED - 1])
    assert not reused(last).any()
    assert reused(last + IDENTIFIERS_PER_SEED).all()


@pytest.mark.parametrize(
    ("larger", "said"),
    [
        (small(energy=21.0), "source: .*20.0.* there, .*21.0.* now"),
        (small(copies=1), "has 2 copies; .* cannot have fewer"),
    ],
)
def test_another_production_does_not_grow_from_it(
    larger: Production, said: str, reference: Responses, tmp_path: Path
) -> None:
    earlier, out = tmp_path / "earlier.root", tmp_path / "out.root"
    tree.write(earlier, reference)
    with pytest.raises(ValueError, match=said):
        run(larger, out, 1, earlier=earlier)
    assert list(tmp_path.iterdir()) == [earlier]


def test_a_sample_that_does_not_say_has_filled_grooves() -> None:
    of_then = Transport(physics_list="FTFP_BERT", fibre_cut_mev=0.0)
    filled, now = (replace(small(), transport=of_then, grooves=g) for g in ("filled", "air"))
    said = {key: value for key, value in filled.record().items() if key != "grooves"}
    cuts = {key: value for key, value in of_then.record().items() if key != "fibre_cut_mev"}
    said["transport"] = cuts
    earlier = replace(toy_responses(4, 2), provenance=said)
    assert origin_of(earlier, replace(filled, copies=3))["copies"] == 2
    with pytest.raises(ValueError, match="grooves: filled there, air now"):
        origin_of(earlier, replace(now, copies=3))


def test_a_sample_of_uncalibrated_cuts_that_says_otherwise_grows() -> None:
    """Earlier versions called the light of any cuts calibrated; its constants are the same."""
    cuts = replace(small(), transport=Transport(absorber_production_cut_mev=0.0))
    said = {**cuts.record(), "light": small().record()["light"]}
    earlier = replace(toy_responses(4, 2), provenance=said)
    assert origin_of(earlier, replace(cuts, copies=3))["copies"] == 2
    light = said["light"]
    assert isinstance(light, dict)
    earlier = replace(earlier, provenance={**said, "light": {**light, "coupling": 0.5}})
    with pytest.raises(ValueError, match=r"light: .*'coupling': 0\.5.* there, .*0\.869.* now"):
        origin_of(earlier, replace(cuts, copies=3))


def test_what_was_converted_from_a_library_is_not_the_plain_sample(tmp_path: Path) -> None:
    wide, face = tmp_path / "library.root", tmp_path / "face.root"
    toys = toy_responses(4, 2, calorimeter=ZN.widened(3))
    tree.write(wide, replace(toys, provenance=replace(small(), margin=3).record()))
    assert there(wide, replace(small(), margin=3)) == "these 8 showers are there already"
    converted = joined([block.responses for block in library.blocks(wide, reuses=0, seed=1)])
    tree.write(face, converted)
    with pytest.raises(ValueError, match=r"is another sample \(recorded_margin: 3 there\)"):
        there(face, small())
    with pytest.raises(ValueError, match="cannot grow into this: recorded_margin: 3 there"):
        origin_of(converted, small(copies=3))
    several = replace(converted, provenance={**small().record(), "joined": ["a.root", "b.root"]})
    with pytest.raises(ValueError, match=r"joined: \['a.root', 'b.root'\] there"):
        origin_of(several, small(copies=3))


def test_a_sample_with_too_few_showers_is_not_there(tmp_path: Path) -> None:
    path, toys = tmp_path / "some.root", replace(toy_responses(4, 2), provenance=small().record())
    tree.write(path, toys.select(np.arange(7)))
    with pytest.raises(ValueError, match=r"is another sample \(showers: 7 there, 8 now\)"):
        there(path, small())
    events = Source(Spectators(centrality=(80.0, 100.0), events=2))
    whole = replace(small(), source=events, particles=IDENTIFIERS_PER_SEED, copies=1)
    hits = len(primaries(events, IDENTIFIERS_PER_SEED, 0, ZN, whole.seed)[0])
    assert hits > 1
    enough = replace(toy_responses(hits, 1), provenance=whole.record())
    tree.write(path, enough)
    assert there(path, whole) == f"these {hits} showers are there already"
    tree.write(path, enough.select(np.arange(1, hits)))
    with pytest.raises(ValueError, match=f"showers: {hits - 1} there, {hits} now"):
        there(path, whole)


def test_other_primaries_are_refused(reference: Responses, tmp_path: Path) -> None:
    earlier, moved = tmp_path / "earlier.root", reference.conditions.copy()
    moved[0, ENERGY] = np.nextafter(moved[0, ENERGY], np.float32(0))
    tree.write(earlier, replace(reference, conditions=moved))
    with pytest.raises(ValueError, match="primaries are not the first of this one"):
        run(small(copies=3), tmp_path / "out.root", 1, earlier=earlier)


def test_resume_after_kill_repeats_and_loses_nothing(reference: Responses, tmp_path: Path) -> None:
    out = tmp_path / "killed.root"
    command = [sys.executable, "-m", "zdcsim", "simulate", "--source", "gun", "--energy", "20"]
    command += ["--spread", "0.5", "--particles", "4", "--copies", "2", "--seed", "11"]
    command += ["--workers", "1", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    group = os.getpgid(process.pid)
    parts = tmp_path / ".killed.root.parts"
    deadline = time.monotonic() + 120
    while len(list(parts.glob("0*/*.npz"))) < 3:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()  # the parent only: its workers must notice
    process.wait()
    while group_is_alive(group):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not out.exists()
    kept = {path: path.stat().st_mtime_ns for path in parts.glob("0*/*.npz")}
    assert 3 <= len(kept) < 8

    again = {}
    shown: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> None:
        shown.append((done, total))
        again.update({path: path.stat().st_mtime_ns for path in kept})

    written = run(small(), out, 1, progress=watch)
    assert shown[0] == (len(kept), 8)
    assert again == kept
    assert same_showers(written, reference)


def test_other_settings_do_not_mix_with_an_unfinished_run(tmp_path: Path) -> None:
    out = tmp_path / "mixed.root"
    parts = Finished.beside(out)
    parts.claim({**small().record(), "created": "x", "commit": "y"})
    with pytest.raises(ValueError, match="unfinished production with another copies"):
        parts.claim({**small(copies=3).record(), "created": "x", "commit": "y"})
    assert not out.exists()


def test_a_refused_production_takes_no_showers_with_it(tmp_path: Path) -> None:
    parts = Finished.beside(tmp_path / "a.root")
    parts.claim({**small().record(), "created": "x"})
    parts.withdraw()
    assert not parts.folder.exists()
    parts.keep((0, 0), Light(np.array([5], np.uint16), np.array([1], np.int32), 1.0))
    parts.withdraw()
    assert parts.has((0, 0))


def test_shower_seeds_do_not_repeat() -> None:
    seeds = {shower_seeds(s, (p, c))[0] for s in (1, 2) for p in range(40) for c in range(40)}
    assert len(seeds) == 2 * 40 * 40
    assert max(seeds) < 2**31


def test_energy_response_and_sparsity(tmp_path: Path) -> None:
    low = run(small(20.0, 20, 2), tmp_path / "low.root", 2)
    high = run(small(160.0, 12, 2), tmp_path / "high.root", 2)
    # Neutrons of 2.76 TeV give 329 photo-electrons / TeV; hadron showers give less light per
    # energy at low energy. Geant4's spread is about 40 and 20 per cent of the mean here.
    per_tev = {}
    for responses, energy in ((low, 0.020), (high, 0.160)):
        total = responses.photon_sum() / energy
        per_tev[energy] = total.mean(), total.std(ddof=1) / np.sqrt(len(total))
    assert 120 < per_tev[0.020][0] < 300
    assert 200 < per_tev[0.160][0] < 329
    lower, upper = per_tev[0.020], per_tev[0.160]
    assert upper[0] - lower[0] > -5 * np.hypot(lower[1], upper[1])
    occupied = [(r.dense() > 0).mean((1, 2)).mean() for r in (low, high)]
    assert 0 < occupied[0] < occupied[1] < 0.05
    # Fewer photo-electrons than fibres: almost every lit fibre of the small shower has one.
    assert (low.counts == 1).mean() > (high.counts == 1).mean()


def test_showers_are_centred_on_the_impact(tmp_path: Path) -> None:
    where = small(150.0, 1, 12, x_cm=1.2, y_cm=-0.8)
    responses = run(where, tmp_path / "placed.root", 2)
    mean = responses.dense().sum(0)
    x = (np.arange(44) + 0.5) * 0.16 - 3.52
    gun_x, gun_y = (
        (responses.conditions[0, i] / responses.conditions[0, 6] * ZN.front_a) for i in (4, 5)
    )
    n = mean.sum()
    width = np.sqrt((mean.sum(1) * (x - gun_x) ** 2).sum() / n)
    assert (mean.sum(1) * x).sum() / n == pytest.approx(gun_x, abs=5 * width / np.sqrt(n) + 0.1)
    assert (mean.sum(0) * x).sum() / n == pytest.approx(gun_y, abs=5 * width / np.sqrt(n) + 0.1)
