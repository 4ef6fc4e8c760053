"""The exported graphs and the bundle: encoding, contract, proof, and refusal when it fails."""

import ctypes
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from toy_networks import ToyGenerator, toy_bundle, toy_classifier, toy_generator

from detcore.bundle import MANIFEST
from detcore.graph import check, write
from zdcsim.channels import channel_sums
from zdcsim.export import graph, o2, verification
from zdcsim.export.o2 import write_bundle
from zdcsim.export.photon_encoding import EPSILON, MAXIMUM, O2Photons, encode, rounded
from zdcsim.export.reference import reference_conditions
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io.bundle import FILES, o2_options, read_bundle
from zdcsim.io.scales import Scales
from zdcsim.models.scaler import ConditionScaler

DATA: dict[str, object] = {"data_kind": "toy", "data_sha256": "none"}
COUNTS = np.arange(MAXIMUM + 1)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_bundle(tmp_path_factory.mktemp("export") / "bundle")


def truncated_by_libm(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """(int)expm1f(value) with the C library's own expm1f."""
    expm1f = ctypes.CDLL(None).expm1f
    expm1f.restype, expm1f.argtypes = ctypes.c_float, [ctypes.c_float]
    return np.array([int(expm1f(value)) for value in values.tolist()])


@pytest.mark.parametrize(
    "truncated",
    [
        truncated_by_libm,
        lambda v: np.expm1(v).astype(int),
        lambda v: np.expm1(v, dtype=float).astype(int),
    ],
    ids=["C float", "numpy float", "double"],
)
def test_truncation_returns_every_count(
    truncated: Callable[[NDArray[np.float32]], NDArray[np.int64]],
) -> None:
    encoded = encode(torch.from_numpy(COUNTS.astype(np.float32))).numpy()
    assert encoded.dtype == np.float32
    assert encoded[0] == 0
    assert np.array_equal(truncated(encoded), COUNTS)
    plain = np.log1p(COUNTS.astype(np.float32))
    assert (truncated(plain) != COUNTS).mean() > 0.1, "without 0.01 the test would see nothing"


def test_the_graph_s_own_logarithm_keeps_every_count(tmp_path: Path) -> None:
    """The same in ONNX Runtime, whose exp and log are not torch's."""
    path = tmp_path / "photons.onnx"
    write(path, O2Photons(), (torch.zeros(2, 1, 1),), ["log_photons_in"], "out", {})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    log_photons = np.log1p(COUNTS.astype(np.float32))[:, None, None]
    encoded = session.run(None, {"log_photons_in": log_photons})[0][:, 0, 0]
    assert np.array_equal(truncated_by_libm(encoded), COUNTS)


def test_log_photons_are_rounded_to_the_nearest_count_within_bounds() -> None:
    photons = torch.tensor([-0.9, 0.0, 0.49, 0.51, 1.49, 1.51, 99.6, 19999.6, 1e6])
    assert rounded(torch.log1p(photons)).tolist() == [0, 0, 0, 1, 1, 2, 100, MAXIMUM, MAXIMUM]
    assert torch.isfinite(rounded(torch.tensor([300.0, -300.0]))).all()


def test_layout_is_y_major() -> None:
    log_photons = torch.zeros(1, ZP.nx, ZP.ny)
    log_photons[0, 40, 7] = np.log1p(3)
    flat = O2Photons()(log_photons).contiguous().flatten()
    assert flat.nonzero().tolist() == [[ZP.nx * 7 + 40]]


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["ZN", "ZP"])
def test_graphs_are_what_o2_loads(calorimeter: Calorimeter, tmp_path: Path) -> None:
    toy_bundle(tmp_path / "bundle", calorimeter)
    found = {}
    for name in ("generator", "classifier"):
        model = onnx.load(tmp_path / f"bundle/{name}.onnx")
        assert model.ir_version == 8
        assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
        for value in (*model.graph.input, *model.graph.output):
            tensor = value.type.tensor_type
            assert tensor.elem_type == onnx.TensorProto.FLOAT
            found[name, value.name] = [d.dim_param or d.dim_value for d in tensor.shape.dim]
    assert list(found.items()) == [
        (("generator", "noise"), ["N", 10]),
        (("generator", "conditions"), ["N", 9]),
        (("generator", "log_photons"), ["N", calorimeter.ny, calorimeter.nx]),
        (("classifier", "conditions"), ["N", 9]),
        (("classifier", "probability"), ["N", 1]),
    ]


def test_metadata_tells_how_to_feed_and_read_the_model(bundle: Path) -> None:
    model = onnx.load(bundle / "generator.onnx")
    metadata = {prop.key: json.loads(prop.value) for prop in model.metadata_props}
    assert metadata["detector"] == "ZN"
    assert metadata["layout"] == "fibre (x, y) at Nx * y + x"
    assert metadata["common_parity"] == "x + y even"
    assert (
        metadata["photon_encoding"] == f"log1p(n + {EPSILON}) of n > 0 photo-electrons, 0 of none"
    )
    assert metadata["training"] == {"data_kind": "toy"}
    assert metadata["licence"] == "Apache-2.0"
    assert "commit" in metadata["toolkit"]
    assert [f["name"] + " " + f["unit"] for f in metadata["features"]] == [
        "energy GeV", "vx cm", "vy cm", "vz cm",
        "px GeV/c", "py GeV/c", "pz GeV/c", "mass MeV", "charge e/3",
    ]  # fmt: skip
    scaler = toy_generator().scaler
    assert [f["mean"] for f in metadata["features"]] == scaler.mean.tolist()
    assert [f["scale"] for f in metadata["features"]] == scaler.scale.tolist()


def test_manifest_names_every_file_and_what_was_proven(bundle: Path) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text())
    assert sorted(manifest["files"]) == sorted(FILES)
    for name, about in manifest["files"].items():
        assert about["bytes"] == (bundle / name).stat().st_size
    assert sorted(path.name for path in bundle.iterdir()) == sorted([*FILES, MANIFEST])
    verified = manifest["verification"]
    assert verified["responses"] == len(reference_conditions(ZN)[::7])
    assert verified["photons"] > 10_000
    assert verified["rounded_apart"] <= 1e-4 * verified["lit_pixels"]


def test_o2_options_golden() -> None:
    assert o2_options(ZN, "b") == (
        "ZDCSimParam.useZDCFastSim=true;"
        "ZDCSimParam.ZDCFastSimClassifierPath=b/classifier.onnx;"
        "ZDCSimParam.ZDCFastSimClassifierScales=b/classifier_scales.txt;"
        "ZDCSimParam.ZDCFastSimModelPathNeutron=b/generator.onnx;"
        "ZDCSimParam.ZDCFastSimModelScalesNeutron=b/generator_scales.txt;"
        "SimCutParams.maxAbsZTracking=1200"
    )
    assert "ModelPathProton=b/generator.onnx" in o2_options(ZP, "b")


def test_reference_particles_cover_what_o2_hands_over() -> None:
    conditions = reference_conditions(ZP)
    assert conditions[:, 0].min() == 1
    assert conditions[:, 0].max() == 7000
    assert set(np.sign(conditions[:, 6])) == {-1, 0, 1}
    assert set(conditions[:, 8]) == {-3, 0, 3}
    momentum = np.linalg.norm(conditions[:, 4:7].astype(float), axis=1)
    mass = np.sqrt(np.maximum(conditions[:, 0].astype(float) ** 2 - momentum**2, 0)) * 1000
    slow = conditions[:, 0] == 1
    assert mass[slow] == pytest.approx(conditions[slow, 7], abs=0.5)


class Transposed(nn.Module):
    """The fault of trap A: the last step without O2's transposition."""

    def forward(self, log_photons: Tensor) -> Tensor:
        return encode(rounded(log_photons))


class Bare(nn.Module):
    """The fault of trap B: whole numbers without 0.01."""

    def forward(self, log_photons: Tensor) -> Tensor:
        return torch.log(rounded(log_photons) + 1).transpose(1, 2)


class Drifted(nn.Module):
    """Numbers off by one in a thousand."""

    def forward(self, log_photons: Tensor) -> Tensor:
        drifted: Tensor = O2Photons()(log_photons * 1.001)
        return drifted


class Integer(nn.Module):
    """The last step with an output that is not float32."""

    def forward(self, log_photons: Tensor) -> Tensor:
        wide: Tensor = O2Photons()(log_photons).double()
        return wide


@pytest.mark.parametrize("fault", [Transposed, Bare, Drifted, Integer])
def test_a_graph_that_differs_is_refused_and_the_old_bundle_stays(
    fault: type[nn.Module], bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "O2Photons", fault)
    with pytest.raises(ValueError, match=r"differ|O2 reads"):
        toy_bundle(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    with pytest.raises(ValueError, match=r"differ|O2 reads"):
        toy_bundle(bundle)
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]


def test_a_wrong_scales_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(scaler: ConditionScaler) -> Scales:
        scales = right(scaler)
        scales.mean[6] *= 1.01
        return scales

    right = o2._scales
    monkeypatch.setattr(o2, "_scales", shifted)
    with pytest.raises(ValueError, match="differ"):
        toy_bundle(tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_another_parity_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(counts: NDArray[np.int32], calorimeter: Calorimeter, _: str) -> NDArray[np.float64]:
        return right(np.roll(counts, 1, axis=1), calorimeter, "o2")

    right = channel_sums
    monkeypatch.setattr(verification, "channel_sums", odd)
    with pytest.raises(ValueError, match="O2 reads the channel sums"):
        toy_bundle(tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_a_classifier_that_differs_is_refused(bundle: Path) -> None:
    changed = toy_classifier()
    with torch.no_grad():
        changed.layers[-1].bias.add_(0.001)  # type: ignore[operator]
    arguments = toy_generator(), changed, reference_conditions(ZN)[::7]
    with pytest.raises(ValueError, match=r"differ by .* in the classifier's probability"):
        verification.verify(bundle, *arguments)


def test_a_generator_that_diverges_somewhere_is_refused(tmp_path: Path) -> None:
    class Diverging(ToyGenerator):
        def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
            pz = self.scaler.undo(conditions)[:, 6].round()
            return super().forward(noise, conditions) + (1 / pz)[:, None, None]

    generator = Diverging()
    with pytest.raises(ValueError, match="is not finite"):
        write_bundle(generator, toy_classifier(), tmp_path / "b", DATA, reference_conditions(ZN))
    assert list(tmp_path.iterdir()) == []


def test_what_o2_cannot_use_is_refused(tmp_path: Path) -> None:
    reference = reference_conditions(ZN)
    with pytest.raises(ValueError, match="O2 draws 10 noise numbers; the generator takes 12"):
        write_bundle(toy_generator(ZN, 12), toy_classifier(), tmp_path / "b", DATA, reference)
    with pytest.raises(ValueError, match="classifier is for ZP, the generator for ZN"):
        write_bundle(toy_generator(), toy_classifier(ZP), tmp_path / "b", DATA, reference)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("two years of work")
    with pytest.raises(ValueError, match="exists and is not a bundle"):
        write_bundle(toy_generator(), toy_classifier(), tmp_path / "mine", DATA, reference)
    assert (tmp_path / "mine/thesis.txt").exists()


def test_what_was_put_into_a_bundle_is_not_lost(bundle: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    (kept / "MODEL_CARD.md").write_text("by hand")
    arguments = toy_generator(), toy_classifier(), kept, DATA, reference_conditions(ZN)[:9]
    with pytest.raises(ValueError, match=r"holds more than its bundle, MODEL_CARD.md, which"):
        write_bundle(*arguments)
    assert (kept / "MODEL_CARD.md").read_text() == "by hand"


def test_a_bundle_is_replaced(tmp_path: Path) -> None:
    toy_bundle(tmp_path / "bundle")
    first = read_bundle(tmp_path / "bundle").sha256
    write_bundle(
        toy_generator(), toy_classifier(), tmp_path / "bundle", DATA, reference_conditions(ZN)[:9]
    )
    assert read_bundle(tmp_path / "bundle").sha256 != first
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_graph_check_names_what_o2_would_not_load(bundle: Path) -> None:
    model = onnx.load(bundle / "classifier.onnx")
    with pytest.raises(ValueError, match="by position; the graph has"):
        check(model, ["noise", "conditions"])
    model.ir_version = 11
    with pytest.raises(ValueError, match=r"IR 8; the graph has .* and IR 11"):
        check(model, ["conditions"])


def drop(name: str) -> Callable[[Path], None]:
    return lambda bundle: (bundle / name).unlink()


def append(name: str) -> Callable[[Path], None]:
    def grow(bundle: Path) -> None:
        (bundle / name).write_bytes((bundle / name).read_bytes() + b"{")

    return grow


def rewritten(**changes: object) -> Callable[[Path], None]:
    def rewrite(bundle: Path) -> None:
        manifest = json.loads((bundle / MANIFEST).read_text())
        (bundle / MANIFEST).write_text(json.dumps({**manifest, **changes}))

    return rewrite


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop(MANIFEST), "is not a bundle"),
        (drop("classifier_scales.txt"), "is incomplete: classifier_scales.txt is missing"),
        (append("generator.onnx"), "is not the file that the manifest names"),
        (rewritten(format="a cake"), "'a cake'"),
        (rewritten(format_version=99), "of version 99"),
        (rewritten(calorimeter="ZQ"), "unknown calorimeter 'ZQ'"),
        (append(MANIFEST), "is not JSON"),
    ],
)
def test_a_damaged_bundle_is_an_error(
    damage: Callable[[Path], None], message: str, bundle: Path, tmp_path: Path
) -> None:
    damaged = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    damage(damaged)
    with pytest.raises(ValueError, match=message):
        read_bundle(damaged)


def test_a_model_with_another_number_of_inputs_is_an_error(bundle: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(bundle, tmp_path / "bundle"))
    shutil.copy(damaged / "classifier.onnx", damaged / "generator.onnx")
    manifest = json.loads((damaged / MANIFEST).read_text())
    manifest["files"]["generator.onnx"] = manifest["files"]["classifier.onnx"]
    (damaged / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="O2 fills 2 inputs of generator"):
        read_bundle(damaged)
