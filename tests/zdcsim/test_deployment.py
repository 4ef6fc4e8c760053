"""Both calorimeters in O2's fast simulation, from the committed bundles."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from detcore.session import in_batches, session
from zdcsim.cli.main import app
from zdcsim.conditions import MASS, NAMES
from zdcsim.export import deployment
from zdcsim.export.deployment import OPTIONS, Proof, decaying, prove, write_deployment
from zdcsim.export.emulator import FastSimulation, sector_sums
from zdcsim.generation import generate
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.io.bundle import read_bundle
from zdcsim.io.session import decoded

DATA = Path(__file__).parents[2] / "data"
ZN_BUNDLE, ZP_BUNDLE = DATA / "zn-shower-vae", DATA / "zp-shower-vae"
LAMBDA_MEV = 1115.68


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Proof]:
    folder = tmp_path_factory.mktemp("deployment") / "zdc"
    return folder, write_deployment([ZN_BUNDLE, ZP_BUNDLE], folder)


def unstable(conditions: np.ndarray) -> np.ndarray:
    masses = np.array([kind.mass_mev for kind in decaying()])
    found: np.ndarray = (np.abs(conditions[:, MASS, None] - masses) < 1).any(1)
    return found


def test_particles_light_their_own_calorimeter_only(both: tuple[Path, Proof]) -> None:
    folder, _ = both
    rng = np.random.default_rng(5)
    parts = {"ZN": "neutron", "ZP": "proton"}
    for name, bundle in (("ZN", ZN_BUNDLE), ("ZP", ZP_BUNDLE)):
        sample = tree.read(DATA / f"{name.lower()}_test.root")
        first = np.unique(sample.particle, return_index=True)[1]
        particles = sample.conditions[first]
        particles = particles[~unstable(particles)][:25]
        noise = rng.standard_normal((len(particles), 10)).astype(np.float32)
        alone = FastSimulation(bundle, name)  # type: ignore[arg-type]
        for detector, stem in parts.items():
            o2 = FastSimulation(folder, detector, stem)  # type: ignore[arg-type]
            hits = [o2.begin_primary(*pair) for pair in zip(particles, noise, strict=True)]
            if detector == name:
                assert hits == [alone.begin_primary(*p) for p in zip(particles, noise, strict=True)]
                assert sum(sector_sums(h).sum() for h in hits) > 1000
            else:
                assert not any(hits)


def test_unstable_particles_are_lit_as_often_as_they_live(both: tuple[Path, Proof]) -> None:
    folder, _ = both
    sample = tree.read(DATA / "zn_train.root")
    sample = sample.select(sample.photon_sum() > 0)  # without those that fly through a groove
    c = sample.conditions[np.unique(sample.particle, return_index=True)[1]]
    lambdas = c[np.abs(c[:, MASS] - LAMBDA_MEV) < 1]
    # The same Lambdas again and again, each with other last digits.
    rng = np.random.default_rng(6)
    again = np.repeat(lambdas, 300, axis=0)
    again[:, :1] *= 1 + 1e-5 * rng.standard_normal((len(again), 1)).astype(np.float32)
    again[:, 1:4] *= 1 + 1e-5 * rng.standard_normal((len(again), 3)).astype(np.float32)
    signal = in_batches(session(folder / "classifier.onnx", 1), len(again), again)[:, 0]
    assert set(np.unique(signal)) == {0.0, 1.0}
    momentum = np.linalg.norm(lambdas[:, 4:7], axis=1)
    lives = np.exp(-ZN.front_a / (7.89 * momentum * 1000 / LAMBDA_MEV))
    expected, n = float(lives.mean()), len(again)
    spread = float(np.sqrt((lives * (1 - lives)).mean() / n))
    assert 0.1 < expected < 0.9
    assert signal.mean() == pytest.approx(expected, abs=5 * spread)


def test_generators_are_dark_row_by_row_in_a_batch(both: tuple[Path, Proof]) -> None:
    folder, _ = both
    neutrons = tree.read(DATA / "zn_test.root").conditions[::40]
    protons = tree.read(DATA / "zp_test.root").conditions[::40]
    mixed = np.concatenate([neutrons, protons])
    mixed = mixed[~unstable(mixed)]
    noise = np.random.default_rng(7).standard_normal((len(mixed), 10)).astype(np.float32)
    graph = session(folder / "neutron.onnx", 2)
    together, single = (in_batches(graph, size, noise, mixed) for size in (len(mixed), 1))
    apart = np.abs(decoded(together, ZN) - decoded(single, ZN))
    assert apart.max() <= 1, "a count may fall to the other side of a rounding"
    assert (apart > 0).mean() < 1e-4
    lit = decoded(together, ZN).sum((1, 2)) > 0
    expected = generate(ZN_BUNDLE, mixed, seed=1).sum((1, 2)) > 0
    assert np.array_equal(lit, expected)
    assert 0 < lit.sum() < len(mixed)


def test_a_deployment_does_not_replace_the_bundle_that_it_is_made_from(tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(ZN_BUNDLE, tmp_path / "zn"))
    before = sorted(path.name for path in bundle.iterdir())
    with pytest.raises(ValueError, match=r"must be a 'zdcsim deployment for AliceO2', and is a '"):
        write_deployment([bundle], bundle)
    assert sorted(path.name for path in bundle.iterdir()) == before


def test_one_calorimeter_alone_and_without_decays(tmp_path: Path) -> None:
    proof = write_deployment([ZN_BUNDLE], tmp_path / "zn", decays=False)
    assert proof.decayed == 0
    names = sorted(path.name for path in (tmp_path / "zn").iterdir())
    assert "proton.onnx" not in names
    assert "Proton" not in (tmp_path / "zn" / OPTIONS).read_text()
    sample = tree.read(DATA / "zn_train.root")
    some = sample.conditions[np.abs(sample.conditions[:, MASS] - LAMBDA_MEV) < 1]
    signal = in_batches(session(tmp_path / "zn/classifier.onnx", 1), len(some), some)
    # None is drawn to decay: dark are those alone that the classifier sees fly through a groove.
    lit = generate(ZN_BUNDLE, some, seed=1).sum((1, 2)) > 0
    assert lit.mean() > 0.9
    assert np.array_equal(signal[:, 0] == 1, lit)


def test_a_deployment_that_differs_is_refused(
    both: tuple[Path, Proof], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = both
    bundles = [read_bundle(ZN_BUNDLE), read_bundle(ZP_BUNDLE)]
    longer = [replace(one, ctau_cm=tuple(100 * ctau for ctau in one.ctau_cm)) for one in decaying()]
    with pytest.raises(ValueError, match="O2 would make the hits"):
        prove(folder, bundles, longer)
    monkeypatch.setattr(
        deployment, "scaling", lambda given, output, by: (
            [onnx.helper.make_node("Identity", [given], [output])], [])
    )  # fmt: skip
    with pytest.raises(ValueError, match="O2 would make the hits"):
        write_deployment([ZN_BUNDLE, ZP_BUNDLE], tmp_path / "wrong")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("bundles", "said"),
    [([], "got none"), ([ZN_BUNDLE, DATA / "zn-sdi-gan"], "got ZN and ZN")],
)
def test_bundles_that_do_not_make_a_pair(bundles: list[Path], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        write_deployment(bundles, tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_the_manifest_and_the_options_name_what_there_is(both: tuple[Path, Proof]) -> None:
    folder, proof = both
    manifest = json.loads((folder / "manifest.json").read_text())
    assert proof.lit > 100
    assert proof.decayed > 10
    assert manifest["verification"]["decayed"] == proof.decayed
    named = (folder / OPTIONS).read_text().strip().split(";")
    paths = [Path(each.partition("=")[2]) for each in named if "FastSimModel" in each]
    assert len(paths) == 4
    assert all(path.is_file() and path.name in manifest["files"] for path in paths)
    assert (folder / "proton_scales.txt").read_text().split() == [
        "#means", *["0"] * len(NAMES), "#scales", *["1"] * len(NAMES)
    ]  # fmt: skip
    assert len(decaying()) == 10


def test_the_command_writes_it(tmp_path: Path) -> None:
    chosen = ["--zn", "zn-shower-vae", "--zp", "zp-shower-vae", "--out", str(tmp_path / "zdc")]
    result = CliRunner().invoke(app, ["deploy", *chosen])
    assert result.exit_code == 0, result.output
    assert "ZDCFastSimModelPathProton" in result.output
