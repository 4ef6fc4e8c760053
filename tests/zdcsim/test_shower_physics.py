"""Cuts that move the light are said wherever a sample or its calibration is described."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from zdcsim.cli import simulate
from zdcsim.cli.main import app
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io.joining import in_common
from zdcsim.light.coupling import CALIBRATION, Calibration, calibration, not_calibrated
from zdcsim.montecarlo import production
from zdcsim.montecarlo.production import light_record
from zdcsim.montecarlo.settings import Transport
from zdcsim.shower_physics import (
    DATA_KIND,
    GEANT4,
    GROOVES,
    LIGHT,
    TRANSPORT,
    Grooves,
    ShowerPhysics,
    light_model,
    physics_of,
)

TWO = Transport(absorber_cut_mev=2.0, absorber_production_cut_mev=2.0)


def provenance(transport: Transport, grooves: Grooves = "air") -> dict[str, object]:
    return {DATA_KIND: GEANT4, GROOVES: grooves, TRANSPORT: transport.record()}


@pytest.mark.parametrize(
    ("transport", "said", "measured"),
    [
        (Transport(), [], []),
        (Transport(time_limit_ns=50.0), [], []),  # the same showers, benchmarks/results/throughput
        (Transport(multiple_scattering_range_factor=0.2), [], []),
        (
            Transport(absorber_production_cut_mev=0.0),
            ["absorber production cut 0 MeV, where O2 has 1 MeV"],
            ["absorber production cut 0 MeV (measured with 1 MeV)"],
        ),
        (
            TWO,
            [
                "absorber production cut 2 MeV, where O2 has 1 MeV",
                "absorber cut 2 MeV, where O2 has 1 MeV",
            ],
            [
                "absorber production cut 2 MeV (measured with 1 MeV)",
                "absorber cut 2 MeV (measured with 1 MeV)",
            ],
        ),
        (
            Transport(multiple_scattering_range_factor=0.04),
            ["range factor of multiple scattering 0.04, where FTFP_BERT_EMV has 0.2"],
            ["range factor of multiple scattering 0.04 (measured with 0.2)"],
        ),
        (
            Transport(production_cut_mm=1.0, electron_cut_mev=0.5, neutron_cut_mev=1.0),
            [
                "production cut 1 mm, where O2 has 0.3 mm",
                "electron cut 0.5 MeV, where O2 has 0.19 MeV",
                "neutron cut 1 MeV, where O2 has 10 MeV",
            ],
            [
                "production cut 1 mm (measured with 0.3 mm)",
                "electron cut 0.5 MeV (measured with 0.19 MeV)",
                "neutron cut 1 MeV (measured with 10 MeV)",
            ],
        ),
    ],
)
def test_every_cut_that_moves_the_light_is_said(
    transport: Transport, said: list[str], measured: list[str]
) -> None:
    physics = transport.physics("air")
    assert physics_of(provenance(transport)) == physics
    assert physics.unlike_o2() == "; ".join(said)
    assert (str(physics) == str(ShowerPhysics())) == (not said)
    assert not_calibrated(ZN, physics) == ", ".join(measured)
    recorded, usual = light_record(ZN, physics), light_record(ZN, ShowerPhysics())
    assert recorded["coupling"] == usual["coupling"] == calibration(ZN, physics).coupling
    if measured:
        words = f"not calibrated for these cuts: {', '.join(measured)}"
        assert recorded["calibration"] == words
        assert not {"calibrated_to_photo_electrons_per_tev", "coupling_relative_error"} & {
            *recorded
        }
        assert light_model({LIGHT: recorded}) == light_model({LIGHT: usual})
    else:
        assert recorded == usual
        assert recorded["calibrated_to_photo_electrons_per_tev"] == 329.0


@pytest.mark.parametrize(("detector", "production_cut"), [(ZN, 0.0), (ZP, 1.0)], ids=["ZN", "ZP"])
def test_older_samples_are_calibrated_with_the_cuts_of_their_time(
    detector: Calorimeter, production_cut: float
) -> None:
    """Those of data/README.md; their list has a range factor of its own, which is not another."""
    of_then = Transport("FTFP_BERT", fibre_cut_mev=0.0, absorber_production_cut_mev=production_cut)
    physics = of_then.physics("filled")
    assert not_calibrated(detector, physics) == ""
    assert "range factor" not in physics.unlike_o2()
    assert ("absorber production cut 0 MeV" in physics.unlike_o2()) == (production_cut == 0)
    other = ShowerPhysics("filled", "FTFP_BERT", 0.0, 1.0 - production_cut)
    assert "absorber production cut" in not_calibrated(detector, other)


def test_a_calibration_of_its_own_goes_before_that_of_other_cuts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, third = (ShowerPhysics(absorber_production_cut_mev=cut) for cut in (0.0, 2.0))
    monkeypatch.setitem(CALIBRATION, ("ZN", own), Calibration(0.7, 0.01))
    assert calibration(ZN, own).coupling == 0.7
    assert not_calibrated(ZN, own) == ""
    for other in (ShowerPhysics(), third):
        assert calibration(ZN, other).coupling == 0.869
    assert "(measured with 1 MeV)" in not_calibrated(ZN, third)


def test_a_sample_that_states_no_cut_had_none() -> None:
    """Such samples, of before there were grooves, are alike with those that say so."""
    of_then = Transport("FTFP_BERT", fibre_cut_mev=0.0, absorber_production_cut_mev=0.0)
    stated = provenance(of_then, "filled")
    later = ("fibre_cut_mev", "absorber_production_cut_mev", "multiple_scattering_range_factor")
    cuts = {key: value for key, value in of_then.record().items() if key not in later}
    silent = {DATA_KIND: GEANT4, TRANSPORT: cuts}
    assert physics_of(silent) == of_then.physics("filled") == physics_of({DATA_KIND: GEANT4})
    assert in_common(silent) == in_common(stated)
    assert in_common(silent) != in_common(provenance(Transport("FTFP_BERT", fibre_cut_mev=0.0)))


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ([], ""),
        (["--absorber-production-cut", "0"], "absorber production cut 0 MeV (measured with"),
    ],
)
def test_the_command_warns_of_light_that_is_not_calibrated(
    options: list[str], warned: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "geant4_folder", lambda kind: tmp_path)
    monkeypatch.setattr(simulate, "_simulated", lambda *arguments: "nothing was simulated")
    ran = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path / "zn.root"), *options])
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.endswith("nothing was simulated\n")
    assert ran.stderr.count("\n") == (1 if warned else 0)
    assert ("the light is not calibrated for these cuts: " in ran.stderr) == bool(warned)
    assert warned in ran.stderr
    assert ("ALICE's 329 photo-electrons per TeV" in ran.stderr) == bool(warned)
