"""Scores of tracks from a bundle, with ONNX Runtime alone.

    from pathlib import Path
    from pid.io import producer
    from pid.scoring import score, select

    tracks = producer.read(Path("data/pid_simulation.root"))
    scores = score(Path("data/pid-bundle"), tracks)       # (N, T), one column a species
    kaons = select(Path("data/pid-bundle"), tracks, 321)  # (N,) mask

Axis key: N tracks, T targets.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detcore.session import in_batches
from pid import cuts
from pid.features46 import BY_NAME, SIGN
from pid.io.bundle import FOUR_CLASSES, Bundle, model_file, read_bundle
from pid.io.zoo import found
from pid.species import charge_of, class_of
from pid.tracks import Tracks
from pid.working_point import momentum_of


def score(
    bundle: Path | str | Bundle, tracks: Tracks, batch_size: int = 1000
) -> NDArray[np.float32]:
    """Probability of every target, as O2Physics would get it of the same measured columns.

    Which columns count as measured can differ where a detector is half measured: see docs/o2.md.

    Arguments:
        bundle: Folder or name of a bundle (`pid models`), or an opened one.
        tracks: With the bundle's columns and, for the limits, p; NaN where nothing was measured.
        batch_size: Tracks scored together.

    Returns:
        Shape (N, T), in the order of the bundle's targets.

    Raises:
        ValueError: If the bundle cannot be used or the tracks lack a column.
    """
    opened = bundle if isinstance(bundle, Bundle) else read_bundle(found(Path(bundle)))
    values = inputs(opened, tracks)
    if not len(values):
        return np.empty((0, len(opened.targets)), np.float32)
    scored = {
        name: in_batches(model, batch_size, values) for name, model in opened.sessions.items()
    }
    if opened.contract == "features46":
        return _by_charge(scored[FOUR_CLASSES], tracks, opened.targets)
    columns = [scored[model_file(opened.contract, pdg)] for pdg in opened.targets]
    return np.concatenate(columns, axis=1)


def inputs(bundle: Bundle, tracks: Tracks) -> NDArray[np.float32]:
    """What goes into the bundle's graphs, shape (N, F): limits applied, and scaled for PIDML.

    Raises:
        ValueError: If the tracks lack a column.
    """
    if bundle.contract == "features46":
        values = tracks.take(bundle.columns)
        counts = np.array([BY_NAME[name].count for name in bundle.columns])
        return np.where(np.isnan(values) & counts, np.float32(0), values)
    limited = cuts.apply(tracks, bundle.limits).take(bundle.columns)
    return bundle.scaler.apply(limited) if bundle.contract == "pidml" else limited


def select(bundle: Path | Bundle, tracks: Tracks, pdg: int) -> NDArray[np.bool_]:
    """Which tracks are identified as a species at the bundle's working point, shape (N,).

    Raises:
        ValueError: If the bundle has no score for it, or as `score`.
    """
    opened = read_bundle(found(bundle)) if isinstance(bundle, Path) else bundle
    if pdg not in opened.targets:
        known = ", ".join(map(str, opened.targets))
        raise ValueError(f"the bundle has no score for PDG code {pdg}; it has {known}")
    point = opened.working_points.bins[pdg]
    column = score(opened, tracks)[:, opened.targets.index(pdg)]
    return point.select(column, momentum_of(tracks, point.momentum))


def _by_charge(
    classes: NDArray[np.float32], tracks: Tracks, targets: tuple[int, ...]
) -> NDArray[np.float32]:
    """Scores of signed targets from those of four classes: 0 for tracks of the other charge."""
    codes = np.array(targets)
    alike = tracks.column(SIGN)[:, None] * charge_of(codes) > 0
    signed: NDArray[np.float32] = np.where(alike, classes[:, class_of(codes)], np.float32(0))
    return signed
