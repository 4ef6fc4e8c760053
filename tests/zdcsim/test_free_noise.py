"""Bundles whose noise is given in full: every family, the same responses, no expansion."""

import json
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import torch
from toy_families import GENERATORS, built
from toy_networks import toy_classifier
from toys import toy_conditions
from typer.testing import CliRunner

from detcore.bundle import MANIFEST
from detcore.session import in_batches
from zdcsim.cli.main import app
from zdcsim.export.o2 import write_bundle
from zdcsim.export.reference import reference_conditions
from zdcsim.generation import generate
from zdcsim.geometry import ZN, ZP
from zdcsim.io import tree
from zdcsim.io.bundle import read_bundle
from zdcsim.models.fibre_noise import FibreNoise
from zdcsim.models.free_noise import GivenNoise, freed
from zdcsim.models.generator import Generator
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.sdi_gan import SdiGanGenerator

OWN = {"flow_matching": 0, "diffusion": 0, "distilled_flow": 0}
"""Numbers that are no fibre's, where they are not ten."""

WITHOUT_FIBRES = ("sdi_gan", "sdi_gan published inputs", "expertsim", "conv_vae",
                  "conv_vae features", "corrvae")  # fmt: skip


def size(family: str) -> int:
    fibres = 0 if family in WITHOUT_FIBRES else ZP.nx * ZP.ny
    return OWN.get(family, 10) + fibres


def drawn(n: int, numbers: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, numbers, generator=torch.Generator().manual_seed(seed))


def scaled(generator: Generator, n: int) -> torch.Tensor:
    particles = toy_conditions(n, np.random.default_rng(3), generator.calorimeter)
    found: torch.Tensor = generator.scaler(torch.from_numpy(particles))
    return found


@pytest.mark.parametrize("family", GENERATORS)
def test_the_graph_gives_what_torch_gives(family: str, tmp_path: Path) -> None:
    """At the ZP, whose face is no square; the other calorimeter takes the same road."""
    generator = built(family, ZP)
    particles = reference_conditions(ZP)[::37]
    write_bundle(generator, toy_classifier(ZP), tmp_path / "b", {}, particles, target="free")
    bundle = read_bundle(tmp_path / "b")
    assert bundle.noise_size == freed(generator).noise_size == size(family)
    noise, conditions = drawn(5, bundle.noise_size, 2), scaled(generator, 5)
    with torch.no_grad():
        expected = torch.exp(freed(generator)(noise, conditions)).round() - 1
    graph = in_batches(bundle.generator, 3, noise.numpy(), conditions.numpy())
    found = np.expm1(graph, dtype=np.float64).astype(int).transpose(0, 2, 1)
    apart = np.abs(found - expected.numpy())
    assert apart.max() <= 1
    assert (apart > 0).sum() <= 1 + 1e-4 * found.sum()


@pytest.mark.parametrize("family", GENERATORS)
def test_the_numbers_that_o2_expands_to_give_o2_s_response(family: str) -> None:
    generator = built(family, ZN)
    noise, conditions = drawn(4, 10), scaled(generator, 4)
    expansions = [part for part in generator.modules() if isinstance(part, FibreNoise)]
    given = noise[:, : generator.own_noise]
    if expansions:
        uniform = expansions[0](noise)[0][:, 0].double().clamp(1e-7, 1 - 1e-7)
        given = torch.cat([given, torch.special.ndtri(uniform).float()], 1)
    with torch.no_grad():
        found, expected = freed(generator)(given, conditions), generator(noise, conditions)
    # O2's normal numbers are tabulated in 16384 steps, coarse in the last of them only.
    assert (torch.abs(found - expected) > 0.02).float().mean() < 2e-3


def test_given_numbers_are_normal_with_their_own_probability() -> None:
    normal = torch.linspace(-5, 5, 101)[None]
    uniform, quantile = GivenNoise(101)(torch.cat([torch.full((1, 3), 9.0), normal], 1))
    assert torch.equal(quantile[:, 0], normal)
    expected = [NormalDist().cdf(value) for value in normal[0].tolist()]
    np.testing.assert_allclose(uniform[0, 0].numpy(), expected, atol=1e-6)


def test_a_fibre_s_number_moves_that_fibre_alone() -> None:
    generator = freed(built("shower_vae", ZP))
    noise, conditions = drawn(1, generator.noise_size), scaled(generator, 1)
    moved = noise.clone()
    moved[0, 10 + ZP.ny * 11 + 7] = 6.0
    with torch.no_grad():
        changed = generator(moved, conditions) != generator(noise, conditions)
    assert changed.nonzero().tolist() == [[0, 11, 7]]


def test_freeing_leaves_the_generator_as_it_was() -> None:
    generator = built("flow_matching", ZN)
    assert isinstance(generator, PixelGenerator)
    free = freed(generator)
    assert (generator.noise_size, free.noise_size) == (10, ZN.nx * ZN.ny)
    assert isinstance(generator.fibre_noise, FibreNoise)
    normal, conditions = drawn(3, free.noise_size), scaled(generator, 3)
    with torch.no_grad():
        assert torch.equal(free(normal, conditions), generator.moved(normal, conditions))


def test_a_family_with_another_noise_size_needs_no_ten(tmp_path: Path) -> None:
    generator = SdiGanGenerator(ZN, noise_size=24)
    generator.scaler.fit(torch.from_numpy(toy_conditions(50, np.random.default_rng(3))))
    out, particles = tmp_path / "b", reference_conditions(ZN)[::37]
    with pytest.raises(ValueError, match="the generator takes 24: choose the target `free`"):
        write_bundle(generator, toy_classifier(), out, {}, particles)
    write_bundle(generator, toy_classifier(), out, {}, particles, target="free")
    assert read_bundle(tmp_path / "b").noise_size == 24


def test_the_manifest_says_what_every_number_is_for(tmp_path: Path) -> None:
    particles = reference_conditions(ZP)[::37]
    generator = built("shower_vae", ZP)
    write_bundle(generator, toy_classifier(ZP), tmp_path / "b", {}, particles, target="free")
    manifest = json.loads((tmp_path / "b" / MANIFEST).read_text())
    assert manifest["format"] == "zdcsim bundle with noise of any size"
    assert manifest["noise_size"] == 1690
    assert manifest["generator"]["inputs"] == ["noise [N, 1690]", "conditions [N, 9]"]
    assert manifest["generator"]["noise"] == (
        "1690 standard normal numbers for every response: 10 of the generator, then one a fibre, "
        "(x, y) at 10 + 30 * x + y"
    )
    assert "o2_sim_configKeyValues" not in manifest


def test_generate_draws_as_many_numbers_as_the_bundle_wants(tmp_path: Path) -> None:
    particles = reference_conditions(ZN)[::37]
    classifier = toy_classifier()
    with torch.no_grad():
        classifier.layers[-1].bias.add_(100)  # type: ignore[operator]
    write_bundle(built("shower_vae", ZN), classifier, tmp_path / "b", {}, particles, target="free")
    shot = ["--particle", "neutron", "--energy", "2500", "-n", "40", "--out", tmp_path / "g.root"]
    command = ["generate", "--model", tmp_path / "b", *shot]
    result = CliRunner().invoke(app, [str(part) for part in command])
    assert result.exit_code == 0, result.output
    written = tree.read(tmp_path / "g.root")
    assert len(np.unique(written.photon_sum())) > 20
    again = generate(tmp_path / "b", written.conditions, 1, batch_size=7)
    assert (again != written.dense()).mean() < 1e-5
