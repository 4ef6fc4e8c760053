"""What O2 does with a bundle, step by step, for one primary particle.

Written from the description of O2's code, apart from the rest of the package: it shares neither
the readout channels nor the batching, so that an error in those shows up as a difference. The
arithmetic is in float32, as in C++. Inputs are filled by position, with batch size 1, on one
thread.

Source: AliceO2, Detectors/ZDC/simulation/src/Detector.cxx (BeginPrimary, FastSimToHits) and
Detectors/ZDC/fastsimulation.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from zdcsim.io import scales

SECTORS = 5
NOISE_SIZE = 10
INT_LIMIT = 2**31
GRIDS = {"ZN": (44, 44), "ZP": (56, 30)}
PZ = 6

Detector = Literal["ZN", "ZP"]
Side = Literal["A", "C"]


def detector_of(name: str) -> Detector:
    """The detector of that name.

    Raises:
        ValueError: If it is neither `ZN` nor `ZP`.
    """
    if name == "ZN":
        return "ZN"
    if name == "ZP":
        return "ZP"
    raise ValueError(f"unknown detector {name!r}; expected one of {', '.join(GRIDS)}")


@dataclass
class Hit:
    """Light of one sector, 0 the common one and 1 to 4 the towers.

    O2 keeps the photo-electrons of sector 0 in mNphePMC and those of a tower in mNphePMQ.
    """

    detector: str
    sector: int
    photons: int = 0


class Model:
    """One ONNX file with its scales file, run as O2's fast-simulation library runs it."""

    def __init__(self, model: Path, scales_file: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self.scales = scales.read(scales_file)

    def scaled(self, conditions: NDArray[np.float32]) -> NDArray[np.float32]:
        """(x - mean) / scale of nine conditions, in float32."""
        return (conditions - self.scales.mean) / self.scales.scale

    def run(self, *buffers: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first output as the float array that O2's raw pointer sees.

        Arguments:
            buffers: Flat inputs in the order in which O2 fills them.

        Raises:
            ValueError: If the model has another number of inputs or declares a larger one.
        """
        declared = self.session.get_inputs()
        if len(declared) != len(buffers):
            raise ValueError(f"O2 fills {len(buffers)} inputs; the model has {len(declared)}")
        feed = {
            node.name: _tensor(buffer, node.shape)
            for node, buffer in zip(declared, buffers, strict=True)
        }
        first = np.ascontiguousarray(self.session.run(None, feed)[0])
        return np.frombuffer(first.tobytes(), dtype=np.float32)


def _tensor(buffer: NDArray[np.float32], declared: list[int | str | None]) -> NDArray[np.float32]:
    """The buffer in the declared shape, whose open sizes O2 replaces by the batch size 1."""
    shape = [size if isinstance(size, int) and size > 0 else 1 for size in declared]
    length = int(np.prod(shape))
    if length > len(buffer):
        raise ValueError(f"O2 hands over {len(buffer)} numbers; the model wants {length}")
    return buffer[:length].reshape(shape)


class FastSimulation:
    """O2's ZDC fast simulation with one classifier and the generator of one detector.

    O2 runs the generator of the other detector for the same particles; each is one of these.

    Arguments:
        folder: Generator and classifier, each an .onnx file and a scales file.
        detector: The detector that the generator stands for.
        generator: Name of its files.
    """

    def __init__(self, folder: Path, detector: Detector, generator: str = "generator") -> None:
        self.classifier = Model(folder / "classifier.onnx", folder / "classifier_scales.txt")
        self.generator = Model(folder / f"{generator}.onnx", folder / f"{generator}_scales.txt")
        self.detector = detector

    def leaves_signal(self, conditions: NDArray[np.float32]) -> bool:
        """Whether the classifier's first number, rounded half away from zero, is not 0."""
        value = self.classifier.run(self.classifier.scaled(conditions))[0]
        return bool(np.abs(value) >= 0.5)

    def hits(self, conditions: NDArray[np.float32], noise: NDArray[np.float32]) -> list[Hit]:
        """The generator's hits for one particle, at most one a sector.

        Arguments:
            conditions: Nine float32 in O2's units.
            noise: The ten normals that O2 draws, or as many as the generator takes.

        Raises:
            ValueError: If the output is too short or holds a number that is not finite.
        """
        pixels = self.generator.run(noise, self.generator.scaled(conditions))
        side: Side = "A" if conditions[PZ] > 0 else "C"
        return fast_sim_to_hits(pixels, self.detector, side)

    def begin_primary(
        self, conditions: NDArray[np.float32], noise: NDArray[np.float32]
    ) -> list[Hit]:
        """The hits of one primary; none when the classifier expects no signal."""
        return self.hits(conditions, noise) if self.leaves_signal(conditions) else []

    def signals(
        self, conditions: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Photo-electrons of sectors 0 to 4 for many primaries, one after the other.

        Arguments:
            conditions: Shape (N, 9), in O2's units.
            rng: Draws the noise, which O2 draws from the system's own source.

        Returns:
            Shape (N, 5).
        """
        noise = rng.standard_normal((len(conditions), NOISE_SIZE)).astype(np.float32)
        found = [
            sector_sums(self.begin_primary(one, drawn))
            for one, drawn in zip(conditions.astype(np.float32), noise, strict=True)
        ]
        return np.array(found, np.int64).reshape(-1, SECTORS)


def fast_sim_to_hits(pixels: NDArray[np.float32], detector: Detector, side: Side) -> list[Hit]:
    """Hits of one flat response, log photons at index Nx * y + x.

    Raises:
        ValueError: If the response is too short or holds a number that is no int of C++.
    """
    nx, ny = GRIDS[detector]
    if len(pixels) < nx * ny:
        raise ValueError(f"{detector} needs {nx * ny} numbers; the model gives {len(pixels)}")
    with np.errstate(over="ignore", invalid="ignore"):
        photo_electrons = np.expm1(pixels[: nx * ny])
    if not (np.abs(photo_electrons) < INT_LIMIT).all():
        raise ValueError("a photo-electron count is not finite, or too large for an int of C++")
    hits: dict[int, Hit] = {}
    for x in range(nx):
        for y in range(ny):
            photons = int(photo_electrons[nx * y + x])  # truncates, as the cast in C++
            if photons > 0:
                number = sector(detector, x, y)
                hits.setdefault(number, Hit(detector + side, number)).photons += photons
    return [hits[number] for number in sorted(hits)]


def sector(detector: Detector, x: int, y: int) -> int:
    """Sector that reads fibre (x, y): 0 common, 1 to 4 the towers."""
    nx, ny = GRIDS[detector]
    if (x + y) % 2 == 0:
        return 0
    if detector == "ZP":
        return int(4 * x / nx) + 1
    if y < ny / 2:
        return 1 if x < nx / 2 else 2
    return 3 if x < nx / 2 else 4


def sector_sums(hits: list[Hit]) -> NDArray[np.int64]:
    """Photo-electrons of sectors 0 to 4, shape (5,)."""
    sums = np.zeros(SECTORS, np.int64)
    for hit in hits:
        sums[hit.sector] += hit.photons
    return sums
