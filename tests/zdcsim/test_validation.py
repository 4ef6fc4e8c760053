"""The physics numbers of `zdcsim validate` on toys whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import TOY_PER_GEV, TOY_WIDTH_CM, toy_responses
from typer.testing import CliRunner

import zdcsim.validation.profile
from zdcsim.cli.main import app
from zdcsim.conditions import CHARGE, ENERGY
from zdcsim.evaluation.features import fibre_positions
from zdcsim.geometry import ZN, ZP
from zdcsim.io import store, tree
from zdcsim.io.block import Block
from zdcsim.light import alice_tables, table_shape
from zdcsim.light.table_shape import compared, our_table, table_shapes
from zdcsim.montecarlo.arrival import arrival
from zdcsim.optics import Machine
from zdcsim.response import REUSE, Responses, sparse
from zdcsim.shower_physics import GEANT4, ShowerPhysics
from zdcsim.validation.curve import point
from zdcsim.validation.groups import Group, groups, impacts, merged
from zdcsim.validation.plots import figures
from zdcsim.validation.profile import RADII_CM, profile, rings
from zdcsim.validation.published import ALICE, statistics
from zdcsim.validation.report import html
from zdcsim.validation.validation import Settings, from_json, of_one_kind, validate
from zdcsim.validation.wording import markdown

OPTION_0 = ShowerPhysics("air", "FTFP_BERT", 0.0)
EVERYTHING = (1.0, 1e5)


@pytest.fixture(scope="module")
def toy() -> Responses:
    return toy_responses(particles=60, copies=20, seed=3)


def whole(responses: Responses) -> Group:
    (found,) = groups(responses, EVERYTHING)
    return found


def test_response_and_resolution_are_those_of_the_toy(toy: Responses) -> None:
    found = point(whole(toy))
    assert found.species == "neutron"
    assert (found.particles, found.responses) == (60, 1200)
    # Between particles of one brightness per energy only Poisson remains: 1 / sqrt(mean).
    mean = TOY_PER_GEV * toy.conditions[::20, ENERGY]
    assert found.per_tev == pytest.approx(1000 * TOY_PER_GEV, abs=5 * found.per_tev_error)
    expected_error = 1000 * np.sqrt((TOY_PER_GEV / toy.conditions[::20, ENERGY] / 20).mean() / 60)
    assert found.per_tev_error == pytest.approx(expected_error, rel=0.5)
    assert found.resolution is not None
    assert found.resolution_error is not None
    assert found.resolution == pytest.approx(
        np.sqrt((1 / mean).mean()), abs=5 * found.resolution_error
    )
    assert found.resolution_error == pytest.approx(found.resolution / np.sqrt(2 * 60 * 19))


def test_one_particle_that_mostly_flies_through_does_not_make_the_resolution(
    toy: Responses,
) -> None:
    images = toy.dense()
    images[1:20] = 0  # one of its twenty copies leaves light
    offsets, pixels, counts = sparse(images.astype(np.int64))
    found = point(whole(replace(toy, offsets=offsets, pixels=pixels, counts=counts)))
    # Its own variance is 1/20 of its light squared, 20 times that over its own mean squared.
    light = TOY_PER_GEV * toy.conditions[0, ENERGY]
    one = images[0].sum() / light * (1000 * TOY_PER_GEV / found.per_tev)
    rest = (1 / (TOY_PER_GEV * toy.conditions[20::20, ENERGY])).sum() * (
        1000 * TOY_PER_GEV / found.per_tev
    ) ** 2
    expected = np.sqrt((rest + one**2 / 20) / 60)
    assert found.resolution == pytest.approx(expected, abs=5 * (found.resolution_error or np.nan))
    assert expected < 2 * (point(whole(toy)).resolution or 0)


def test_one_copy_has_no_resolution() -> None:
    single = point(whole(toy_responses(particles=10, copies=1)))
    assert single.resolution is None
    assert np.isfinite(single.per_tev_error)


def test_groups_are_of_one_species_and_energy_and_inside_the_face(toy: Responses) -> None:
    half_photons = replace(toy, pdg=np.where(np.arange(1200) < 600, 22, 2112).astype(np.int32))
    found = groups(half_photons, (100.0, 400.0, 1000.0), fiducial_cm=2.5)
    assert {(g.species, g.low_gev) for g in found} == {
        (species, low) for species in ("neutron", "photon") for low in (100.0, 400.0)
    }
    for group in found:
        energy = group.responses.conditions[:, ENERGY]
        assert ((energy >= group.low_gev) & (energy < group.high_gev)).all()
        assert (np.abs(group.impact) < ZN.half_x - 2.5).all()
        assert np.array_equal(group.impact, impacts(group.responses))
    inside = (np.abs(impacts(toy)) < ZN.half_x - 2.5).all(axis=1)
    energy = toy.conditions[:, ENERGY]
    expected = (inside & (energy >= 100) & (energy < 1000)).sum()
    assert sum(len(g.responses) for g in found) == expected


def test_the_highest_edge_belongs_to_the_last_group(toy: Responses) -> None:
    at_the_edge = toy.conditions.copy()
    at_the_edge[:, ENERGY] = 7000.0
    (found,) = groups(replace(toy, conditions=at_the_edge), (3000.0, 7000.0), fiducial_cm=-1e9)
    assert len(found.responses) == len(toy)


def test_files_that_number_their_particles_alike_stay_apart() -> None:
    parts = [toy_responses(particles=6, copies=4, seed=seed) for seed in (1, 2)]
    (found,) = merged([whole(part) for part in parts])
    assert point(found).particles == 12
    assert point(found).responses == 48
    assert np.array_equal(found.impact, np.concatenate([impacts(part) for part in parts]))


def test_profile_is_the_gaussian_of_the_toy(toy: Responses) -> None:
    found = profile(whole(toy))
    assert found is not None
    sigma = TOY_WIDTH_CM
    for radius, share, error in zip(RADII_CM, found.within, found.within_error, strict=True):
        exact = 1 - np.exp(-(radius**2) / (2 * sigma**2))
        # A cell belongs to a circle as a whole, which is worth a little light at its edge.
        assert share == pytest.approx(exact, abs=5 * error + 0.01)
    middles = 0.5 * (np.array(found.rings_cm[1:]) + np.array(found.rings_cm[:-1]))
    gauss = np.exp(-(middles**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    density = np.array(found.density[:6], np.float64)
    assert density == pytest.approx(gauss[:6], rel=0.1)


def test_copies_that_are_all_alike_make_a_profile_no_surer(toy: Responses) -> None:
    _, first = np.unique(toy.particle, return_index=True)
    once = profile(whole(toy.select(first)))
    again = profile(whole(toy.select(np.repeat(first, 5))))
    assert once is not None and again is not None
    assert again.within == pytest.approx(once.within)
    assert again.within_error == pytest.approx(once.within_error)
    assert again.responses == 5 * once.responses


def test_rings_hold_all_light_and_cells(toy: Responses) -> None:
    group = whole(toy.select(np.arange(30)))
    x, y = fibre_positions(ZN)
    radius = np.hypot(x - group.impact[:, :1], y - group.impact[:, 1:])
    flat = group.responses.dense().reshape(30, -1)
    light, cells = rings(radius, flat, (0.0, 1.0, 3.0, 20.0))
    assert np.array_equal(light.sum(axis=1), group.responses.photon_sum())
    assert (cells.sum(axis=1) == 44 * 44).all()


def test_chunks_and_empty_responses_change_nothing(
    toy: Responses, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = toy.dense().astype(np.int64)
    images[[0, 7, 1199]] = 0
    offsets, pixels, counts = sparse(images)
    some = replace(toy, offsets=offsets, pixels=pixels, counts=counts)
    at_once, settings = profile(whole(some)), Settings(edges_gev=EVERYTHING)
    monkeypatch.setattr(zdcsim.validation.profile, "CHUNK", 7)
    assert profile(whole(some)) == at_once
    (found,) = validate({"toy": some}, settings).blocks["ZN"].sparsity
    inside = images[np.isin(np.arange(1200), np.flatnonzero(_well_inside(some)))]
    assert found.zero_fibres == pytest.approx((inside == 0).mean(), rel=1e-12)
    assert found.brightest == pytest.approx(inside.max(axis=(1, 2)).mean(), rel=1e-12)


def _well_inside(responses: Responses) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.abs(impacts(responses)).max(axis=1) < ZN.half_x - 1.0
    return inside


def test_statistics_are_those_of_the_dense_images() -> None:
    toy = toy_responses(particles=12, copies=5)
    found = statistics(toy)
    dense = toy.dense()
    total = dense.sum((1, 2))
    lit = dense[total > 0]
    assert found.rows == len(lit)
    assert found.zero_fibres == pytest.approx((lit == 0).mean())
    assert found.photon_sum == pytest.approx(np.percentile(total[total > 0], [0, 25, 50, 75, 100]))
    assert found.brightest == dense.max()
    at = lit.reshape(len(lit), -1).argmax(axis=1)
    expected = ((at // 44).mean(), (at % 44).mean(), (at // 44).std(), (at % 44).std())
    assert found.brightest_at == pytest.approx(expected)
    assert found.below_15 == (total[total > 0] < 15).mean()


def test_responses_without_light_are_left_out_of_the_statistics() -> None:
    toy = toy_responses(particles=4, copies=2)
    empty = toy.select(np.arange(0))
    with pytest.raises(ValueError, match="no response of the sample has light"):
        statistics(empty)
    offsets = np.concatenate([[0], toy.offsets])
    more = Responses(
        toy.calorimeter,
        np.concatenate([[99], toy.particle]),
        np.concatenate([toy.pdg[:1], toy.pdg]),
        np.concatenate([toy.conditions[:1], toy.conditions]),
        offsets,
        toy.pixels,
        toy.counts,
        np.concatenate([toy.cpu_seconds[:1], toy.cpu_seconds]),
    )
    assert statistics(more) == statistics(toy)


def test_published_share_of_dark_fibres_is_that_of_rows_with_light() -> None:
    # 96.1 % of the fibres of all 511 810 rows; rows without light in the ZN are dark altogether.
    lit, rows, share = 306_780, 511_810, ALICE["ZN"].zero_fibres
    assert (lit * share + (rows - lit)) / rows == pytest.approx(0.9610)


def test_a_table_of_our_own_light_agrees_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_shape, "VELOCITIES", 1)
    ours = our_table((0.95, 1.0), ZN, OPTION_0)
    same = compared(ours, 1.3 * ours, (0.95, 1.0))
    assert (same.correlation, same.misplaced_share) == (1.0, 0.0)
    assert same.total_alice_over_ours == pytest.approx(1.3)
    assert same.ours == pytest.approx(same.theirs)
    for digits in alice_tables.BETA_RANGES:
        text = " ".join(f"{value:.6g}" for value in ours.ravel())
        (tmp_path / alice_tables.TABLES["ZN"].format(digits)).write_text(text)
    found = table_shapes(tmp_path, ZN, OPTION_0)
    assert [shape.correlation == pytest.approx(1.0, abs=1e-3) for shape in found] == [
        False,
        False,
        False,
        True,
    ]


def test_validation_survives_json_and_refuses_re_used_showers(toy: Responses) -> None:
    found = validate({"toy.root": toy})
    assert from_json(found.to_json()) == found
    assert "not stated" in found.physics_tables()
    assert "| neutron |" in markdown(found)
    again = replace(toy, particle=toy.particle + REUSE)
    with pytest.raises(ValueError, match=r"again.root holds re-used showers"):
        validate({"again.root": again})
    with pytest.raises(ValueError, match="there is no sample to validate"):
        validate({})


def test_one_response_survives_json_and_what_is_left_out_is_said(toy: Responses) -> None:
    # The second is a photon, the third of too little energy.
    pdg, conditions = toy.pdg[:3].copy(), toy.conditions[:3].copy()
    pdg[1], conditions[:, ENERGY] = 22, [500, 500, 20]
    few = replace(toy.select(np.arange(3)), pdg=pdg, conditions=conditions)
    found = validate({"few": few.select(np.array([0, 2]))})
    (only,) = found.blocks["ZN"].curve
    assert np.isnan(only.per_tev_error)
    again = from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert "are of 1 of 2 responses, those of neutron, proton, photon from 75 to" in markdown(again)
    nothing = validate({"few": few.select(np.array([2]))})
    assert "are of 0 of 1 responses" in markdown(nothing)


O2_DATA: dict[str, object] = {
    "data_kind": "O2 full simulation",
    "source": "o2sim tree of sim1.root",
}
OURS: dict[str, object] = {"data_kind": GEANT4, "geant4_data": "stand-in"}


def protons(provenance: dict[str, object]) -> Responses:
    """Toys of the ZP whose conditions are said to be of protons."""
    zp = toy_responses(particles=12, copies=4, calorimeter=ZP)
    conditions = zp.conditions.copy()
    conditions[:, CHARGE] = 3
    pdg = np.full(len(zp), 2212, np.int32)
    return replace(zp, conditions=conditions, pdg=pdg, provenance=provenance)


def test_samples_of_different_physics_stand_beside_each_other(toy: Responses) -> None:
    half = np.arange(600)
    ours, other, more = (toy.select(rows) for rows in (half, half + 600, half))
    found = validate(
        {
            "ours.root": replace(ours, provenance=OURS),
            "o2.h5": replace(other, provenance=O2_DATA),
            "air.root": replace(more, provenance={**OURS, "grooves": "air"}),
            "air2.root": replace(other, provenance={**OURS, "grooves": "air"}),
        }
    )
    assert list(found.blocks) == ["ZN, ours.root", "ZN, o2.h5", "ZN, air.root, air2.root"]
    for name, sample in (("ours.root", ours), ("o2.h5", other)):
        assert found.blocks[f"ZN, {name}"].curve == validate({name: sample}).blocks["ZN"].curve
    showers = [sum(one.responses for one in block.curve) for block in found.blocks.values()]
    assert showers[2] == showers[0] + showers[1]
    said = found.physics_tables()
    assert "ours.root: Geant4 tables: stand-in (not the official data sets); filled grooves" in said
    assert "o2.h5: Geant4 tables: not stated (data kind: O2 full simulation); physics of" in said
    assert "### ZN, o2.h5: sparsity" in markdown(found)
    drawn = figures(found)
    assert "ZN, air.root, air2.root: response and resolution" in drawn


def test_samples_of_different_light_models_stand_beside_each_other(toy: Responses) -> None:
    one, same, other = (
        replace(toy, provenance={**OURS, "light": {"coupling": coupling}})
        for coupling in (0.9, 0.9, 0.5)
    )
    assert [*of_one_kind({"a": one, "b": other, "c": same})] == ["ZN, a, c", "ZN, b"]


def test_protons_of_a_file_without_a_source_follow_the_beam_that_is_named() -> None:
    for provenance in (O2_DATA, {**OURS, "source": {"beam_momentum_gev": 7000.0}}):
        sample = protons(provenance)
        bent = arrival(sample.conditions, ZP, Machine(7000.0))[:, [0, 2]] - [ZP.centre_x, 0]
        assert np.array_equal(impacts(sample, 7000.0), bent), provenance
    sample = protons(O2_DATA)
    everywhere = Settings(EVERYTHING, fiducial_cm=-1e9)
    straight = validate({"o2.h5": sample}, everywhere)
    assert "The protons of o2.h5 are taken to fly straight" in markdown(straight)
    assert html(straight, {}).count("The protons of o2.h5 are taken to fly straight") == 1
    named = validate({"o2.h5": sample}, replace(everywhere, beam_momentum_gev=7000.0))
    assert "fly straight" not in markdown(named)
    assert named.blocks["ZP"].profiles != straight.blocks["ZP"].profiles
    gun = protons({**OURS, "source": {"name": "gun"}})
    assert "fly straight" not in markdown(validate({"gun.root": gun}, everywhere))


def test_the_command_takes_a_store_of_o2_and_shows_it_beside_alice(
    tmp_path: Path, toy: Responses
) -> None:
    path = tmp_path / "o2.h5"
    store.write_blocks(path, [Block(replace(toy, provenance=O2_DATA))])
    for options, shown in (((), False), (("--pp",), True)):
        result = CliRunner().invoke(app, ["validate", str(path), *options])
        assert result.exit_code == 0, result.output
        assert ("ZN: beside ALICE's published sample" in result.output) == shown
        assert "data kind: O2 full simulation" in result.output
    gun = {**OURS, "source": {"name": "gun"}}
    told = validate({"gun.root": replace(toy, provenance=gun)}, Settings(proton_proton=True))
    assert told.blocks["ZN"].sample is None


def test_the_command_writes_numbers_page_and_figures(tmp_path: Path, toy: Responses) -> None:
    source = {"source": {"name": "pp14tev", "beam_momentum_gev": None}, "geant4_data": "stand-in"}
    tree.write(tmp_path / "zn.root", replace(toy, provenance=source))
    chosen = [str(tmp_path / "zn.root"), "--json", str(tmp_path / "v.json")]
    chosen += ["--html", str(tmp_path / "v.html"), "--figures", str(tmp_path / "figures")]
    result = CliRunner().invoke(app, ["validate", *chosen, "--markdown", str(tmp_path / "v.md")])
    assert result.exit_code == 0, result.output
    numbers = json.loads((tmp_path / "v.json").read_text())
    assert numbers["blocks"]["ZN"]["sample"]["rows"] == 1200
    page = (tmp_path / "v.html").read_text()
    assert "Geant4 tables: stand-in" in page
    assert page.count("data:image/png;base64,") == 3
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert drawn == [
        "zn_lateral_profile.png",
        "zn_response_and_resolution.png",
        "zn_sparsity.png",
    ]
    assert (tmp_path / "v.md").read_text().rstrip("\n") in result.output
