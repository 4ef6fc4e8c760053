"""Exported bundles: what they hold, that they are proved, and that a fault is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from pid_bundles import (
    features46_tracks,
    features46_trained,
    signed_tracks,
    toy_fitted,
    toy_forest,
    trained,
)
from torch import Tensor, nn

from detcore.session import session
from pid.calibration import Calibration
from pid.cuts import DetectorLimits
from pid.export import forest, o2physics
from pid.export.network import Column, Prepared
from pid.export.o2physics import write_bundle
from pid.export.reference import all_patterns
from pid.export.trained import Fitted, fit, signed
from pid.export.verification import Verification
from pid.io import bundle as bundle_files
from pid.io.bundle import read_bundle
from pid.io.contract import Contract
from pid.scaler import Scaler
from pid.scoring import score
from pid.species import TARGETS, model_label

KINDS = ("feature set", "mlp", "classes", "trees", "tree classes")


Made = tuple[Fitted, Path, Verification]


@pytest.fixture(scope="module", params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Every kind of classifier with its bundle."""
    fitted, folder = toy_fitted(request.param), tmp_path_factory.mktemp("export") / "b"
    return fitted, folder, write_bundle(fitted, folder, "pidml", signed_tracks(60, 2))


def test_a_pidml_bundle_is_what_o2_reads(made: Made) -> None:
    fitted, folder, found = made
    kind = fitted.trained.name
    names = {f"attention_model_{model_label(pdg)}.onnx" for pdg in fitted.scores}
    files = {path.name for path in folder.iterdir()}
    assert files == names | {
        "columns_for_training.json",
        "scaling_params.json",
        "working_points.json",
        "manifest.json",
    }
    assert found.batches == (1, 7, 300)
    assert min(found.by_pattern.values()) >= 0
    assert found.emulated == 160
    for name in names:
        model = onnx.load(folder / name)
        opsets = {each.domain: each.version for each in model.opset_import}
        assert model.ir_version == 8
        assert opsets == ({"": 17, "ai.onnx.ml": 3} if "tree" in kind else {"": 17})
        for value, width in ((model.graph.input[0], 16), (model.graph.output[0], 1)):
            batch, size = value.type.tensor_type.shape.dim
            assert batch.dim_param
            assert size.dim_value == width
        said = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
        assert said["classifier"]["name"] == kind
        assert said["training"] == {"data_kind": "toy", "seed": 0}
        assert said["pdg"] in TARGETS
        assert said["calibration"]["validation_tracks"] == 400


def test_scores_are_those_of_the_classifier(made: Made) -> None:
    """All patterns in one batch, against Python with the scaler of training."""
    fitted, folder, _ = made
    tracks = all_patterns(signed_tracks(40, 5), fitted.trained.limits)
    logits = fitted.trained.logits(fitted.trained.scaled(tracks))
    sign = tracks.column("fSign")
    wanted = signed(fitted.trained, fitted.calibration, logits, sign, fitted.scores)
    assert wanted.std(axis=0).min() > 1e-3, "else the scores tell nothing"
    assert score(folder, tracks) == pytest.approx(wanted, abs=2e-5)


def test_trees_send_missing_values_where_training_did(tmp_path: Path) -> None:
    """Each question alone: the route of NaN and of values next to the threshold."""
    trees = toy_forest(3, 2, "one_vs_rest", trees=6, depth=3, seed=4)
    calibration = Calibration("sigmoid", (1.5, 0.5), (0.2, -0.1))
    edge = np.unique(trees.threshold)
    near = np.concatenate([edge, np.nextafter(edge, np.float32(9)), [np.float32(np.nan)]])
    rng = np.random.default_rng(1)
    values = rng.choice(near, (4000, 3)).astype(np.float32)
    for target in range(2):
        made = forest.one_score(trees, calibration, Column(target, None), None)
        path = tmp_path / "trees.onnx"
        onnx.save(made, path)
        model = onnx.load(path)
        model.ir_version = 8
        onnx.save(model, path)
        found = session(path, 1).run(None, {"input": values})[0]
        wanted = calibration.probability(trees.logits(values))[:, target]
        assert found[:, 0] == pytest.approx(wanted, abs=1e-6)


def test_the_other_charge_scores_zero(tmp_path: Path) -> None:
    write_bundle(toy_fitted("classes"), tmp_path / "b", "pidml", signed_tracks(60, 2))
    tracks = signed_tracks(50, 7)
    found = score(tmp_path / "b", tracks)
    positive = tracks.column("fSign") > 0
    of_positive = np.array([code > 0 if abs(code) != 11 else code < 0 for code in TARGETS])
    assert (found[positive][:, ~of_positive] == 0).all()
    assert (found[positive][:, of_positive] > 0).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_mlresponse_scales_and_limits_inside(tmp_path: Path) -> None:
    fitted = toy_fitted("feature set")
    for contract in ("pidml", "mlresponse"):
        write_bundle(fitted, tmp_path / contract, contract, signed_tracks(60, 2))
    tracks = signed_tracks(80, 11)
    tracks.values[:, tracks.columns.index("fP")] = np.linspace(0.3, 1.1, 80, dtype=np.float32)
    found = score(tmp_path / "mlresponse", tracks)
    assert found == pytest.approx(score(tmp_path / "pidml", tracks), abs=2e-5)


@pytest.mark.parametrize("limit", [0.5, 0.7, 0.8, 0.1])
def test_limits_in_the_graph_are_those_of_o2(limit: float) -> None:
    """float32 p against the limit in double precision, on both sides of the limit."""
    near = np.float32(limit)
    p = np.array([np.nextafter(near, np.float32(s)) for s in (0, 9)] + [near], np.float32)
    columns = ("fP", "fBeta", "fTRDPattern")
    scaler = Scaler(columns, np.zeros(3), np.ones(3))
    prepared = Prepared(columns, scaler, DetectorLimits(limit, 0.0), "fP")
    found = prepared(torch.from_numpy(np.column_stack([p, np.ones(3), np.ones(3)]).astype("f4")))
    assert torch.isnan(found[:, 1]).tolist() == [not float(each) >= limit for each in p]
    assert not torch.isnan(found[:, 2]).any()


def test_the_46_floats(tmp_path: Path) -> None:
    tracks = features46_tracks(400)
    fitted = fit(features46_trained(tracks), tracks)
    write_bundle(fitted, tmp_path / "b", "features46", features46_tracks(60, 9))
    model = onnx.load(tmp_path / "b/pid_feature_model.onnx")
    sizes = [value.type.tensor_type.shape.dim[1].dim_value for value in
             (model.graph.input[0], model.graph.output[0])]  # fmt: skip
    assert sizes == [46, 4]
    raw = tracks.take(tuple(model_columns(tmp_path / "b")))
    run = read_bundle(tmp_path / "b").sessions["pid_feature_model.onnx"]
    found = run.run(None, {"input": raw})[0]
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    switched_off = raw.copy()
    switched_off[:, model_columns(tmp_path / "b").index("maskTOF")] = 0
    hidden = raw.copy()
    tof = [i for i, name in enumerate(model_columns(tmp_path / "b")) if name.startswith("tof")]
    hidden[:, [*tof, model_columns(tmp_path / "b").index("beta")]] = np.nan
    assert run.run(None, {"input": switched_off})[0] == pytest.approx(
        run.run(None, {"input": hidden})[0], abs=1e-6
    )


def model_columns(folder: Path) -> list[str]:
    return list(read_bundle(folder).columns)


def refused(fitted: Fitted, folder: Path, said: str, contract: Contract = "pidml") -> None:
    (folder / "b").mkdir()
    before = json.dumps({"format": bundle_files.FORMAT, "files": {}})
    (folder / "b/manifest.json").write_text(before)
    with pytest.raises(ValueError, match=said):
        write_bundle(fitted, folder / "b", contract, signed_tracks(60, 2))
    assert (folder / "b/manifest.json").read_text() == before
    assert [path.name for path in folder.iterdir()] == ["b"]


class BakedIn(nn.Module):
    """A network that traces the number of present values into the graph, as the reference does."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, values: Tensor) -> Tensor:
        present = values[~torch.isnan(values)]
        return present.view(len(values), -1).sum(dim=1, keepdim=True) * self.weight


class ForgetsMissing(nn.Module):
    """A network whose graph takes missing values for zeros only where torch does not look."""

    def forward(self, values: Tensor) -> Tensor:
        fill = 0.0 if torch.onnx.is_in_onnx_export() else 1.0
        return torch.nan_to_num(values, nan=fill)[:, :3]


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_baked_in_pattern_is_refused(tmp_path: Path) -> None:
    fitted = toy_fitted("mlp")

    class Anything(BakedIn):
        def forward(self, values: Tensor) -> Tensor:
            if torch.onnx.is_in_onnx_export():
                return super().forward(values)
            return torch.nan_to_num(values)[:, :3] * self.weight

    broken = replace(fitted, trained=replace(fitted.trained, model=Anything()))
    with pytest.raises(Exception, match=r"[Rr]eshape"):
        write_bundle(broken, tmp_path / "b", "pidml", signed_tracks(60, 2))
    assert not (tmp_path / "b").exists()


def test_a_graph_that_differs_is_refused(tmp_path: Path) -> None:
    fitted = toy_fitted("mlp")
    broken = replace(fitted, trained=replace(fitted.trained, model=ForgetsMissing()))
    refused(broken, tmp_path, "Python and ONNX Runtime differ at batch 1")


def test_a_scaling_file_that_differs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shifted(folder: Path, scaler: Scaler) -> None:
        bundle_files.write_scaling(folder, replace(scaler, mean=scaler.mean + 1))

    monkeypatch.setattr(o2physics, "write_scaling", shifted)
    refused(toy_fitted("feature set"), tmp_path, "O2 would score track")


def test_another_order_of_columns_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(folder: Path, scaler: Scaler) -> None:
        bundle_files.write_scaling(
            folder, Scaler(scaler.columns[::-1], scaler.mean[::-1], scaler.std[::-1])
        )

    monkeypatch.setattr(o2physics, "write_scaling", turned)
    refused(toy_fitted("feature set"), tmp_path, "O2 would score track")


@pytest.mark.parametrize(
    ("kind", "contract", "said"),
    [
        ("mlp", "features46", "needs a multi-class network on columns of pid_features"),
        ("trees", "mlresponse", "trees are exported for pidml"),
    ],
)
def test_what_a_contract_cannot_hold_is_said(
    kind: str, contract: Contract, said: str, tmp_path: Path
) -> None:
    refused(toy_fitted(kind), tmp_path, said, contract)


def test_another_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("two years of work")
    with pytest.raises(ValueError, match="exists and is not a bundle to replace"):
        write_bundle(toy_fitted("mlp"), tmp_path, "pidml", signed_tracks(60, 2))
    assert (tmp_path / "thesis.txt").exists()


def test_reference_tracks_have_every_pattern_after_the_limits() -> None:
    tracks = all_patterns(signed_tracks(30), DetectorLimits(0.5, 0.8), most=10)
    assert len(tracks) == 50
    limited = trained("mlp", tracks).scaled(tracks)
    assert np.isnan(limited[20:30]).any()
    patterns = tracks.pattern()[10:].reshape(4, 10)
    assert patterns.tolist() == [[1] * 10, [3] * 10, [5] * 10, [7] * 10]
    p = tracks.column("fP")[10:]
    assert (p > 0.8).all()


def test_calibration_and_thresholds_see_validation_tracks_alone() -> None:
    """Fitted on a sample with more antikaons, their calibrated scores rise."""
    some, tracks = trained("mlp", signed_tracks(600)), signed_tracks(600)
    kaons = np.flatnonzero(tracks.truth() == -321)
    more = tracks.select(np.concatenate([np.arange(600), np.repeat(kaons, 4)]))
    few, many = (fit(some, each) for each in (tracks, more))
    place = some.targets.index(-321)
    assert many.calibration.bias[place] > few.calibration.bias[place] + 0.5
    logits = some.logits(some.scaled(more))
    shares = many.calibration.probability(logits).mean(axis=0)
    truth = [(more.truth() == pdg).mean() for pdg in some.targets]
    assert shares == pytest.approx(truth, abs=1e-4)
    assert few.tracks == 600
