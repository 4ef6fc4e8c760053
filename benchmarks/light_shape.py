"""Compare the shape of our light model with ALICE's own tables, which the user provides.

python benchmarks/light_shape.py FOLDER_OF_ALICE_TABLES --out benchmarks/results

Each table is compared with the chord light of our model at the same angles and impact distances,
averaged over the velocities of the table. Chords parallel to the fibre (below 4 degrees) are left
out: how far a particle runs along the fibre is a convention there. Tracks are weighted with the
sine of the angle, as in an isotropic shower. The numbers: correlation, share of the light that is
elsewhere (half the sum of absolute differences of the normalised tables), and the ratio of totals,
which the calibration of the coupling absorbs.
"""

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from detcore.files import replacing, write_text
from detcore.provenance import provenance
from zdcsim.geometry import ZN
from zdcsim.light import alice_tables as alice
from zdcsim.light.chord import chord_table
from zdcsim.light.coupling import coupling

FIRST_ANGLE, LAST_ANGLE = 2, 55
VELOCITIES = 5


def our_table(beta_range: tuple[float, float]) -> NDArray[np.float64]:
    """Our chord light on ALICE's grid, averaged over the range of velocities."""
    low, high = beta_range
    betas = low + (high - low) * (np.arange(VELOCITIES) + 0.5) / VELOCITIES
    angles = np.radians(alice.ANGLE_STEP_DEGREES * np.arange(alice.ANGLES))
    impacts = alice.IMPACT_STEP_MM * (np.arange(alice.NEUTRON_RADII) + 0.5)
    radius, length = 10 * ZN.fibre_radius, 20 * ZN.half_z
    tables = [chord_table(float(beta), angles, impacts, radius, length) for beta in betas]
    return coupling(ZN) * np.mean(tables, axis=0)


def compare(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> dict[str, float]:
    """Correlation, misplaced share of the light and ratio of the totals (ALICE over ours)."""
    rows = slice(FIRST_ANGLE, LAST_ANGLE)
    weight = np.sin(np.radians(alice.ANGLE_STEP_DEGREES * np.arange(alice.ANGLES)))[rows, None]
    a, b = (ours[rows] * weight).ravel(), (theirs[rows] * weight).ravel()
    return {
        "correlation": round(float(np.corrcoef(a, b)[0, 1]), 4),
        "misplaced_share": round(float(np.abs(a / a.sum() - b / b.sum()).sum() / 2), 4),
        "total_alice_over_ours": round(float(b.sum() / a.sum()), 4),
    }


def draw(tables: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]], path: Path) -> None:
    """Light against angle, averaged over impact distances, of ALICE and of our model."""
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), sharex=True, layout="constrained")
    angles = alice.ANGLE_STEP_DEGREES * np.arange(alice.ANGLES)
    rows = slice(FIRST_ANGLE, LAST_ANGLE)
    for axis, (digits, (ours, theirs)) in zip(axes.flat, tables.items(), strict=True):
        scale = theirs[rows].sum() / ours[rows].sum()
        axis.step(angles[rows], theirs[rows].mean(1), "k", where="mid", label="ALICE table")
        axis.plot(angles[rows], scale * ours[rows].mean(1), "C3", label="this model, same total")
        low, high = alice.BETA_RANGES[digits]
        axis.set_title(rf"{low} < $\beta$ < {high}")
        axis.set_ylim(bottom=0)
    for axis in axes[1]:
        axis.set_xlabel("angle to the fibre axis (degrees)")
    for axis in axes[:, 0]:
        axis.set_ylabel("photo-electrons per crossing")
    axes[0, 0].legend()
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path, help="folder with light22620362207s to ...10s")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    tables = {
        digits: (
            our_table(beta_range),
            alice.read_table(arguments.tables / alice.NEUTRON_TABLE.format(digits)),
        )
        for digits, beta_range in alice.BETA_RANGES.items()
    }
    result = {digits: compare(*pair) for digits, pair in tables.items()}
    for digits, numbers in result.items():
        print(alice.BETA_RANGES[digits], numbers)
    draw(tables, arguments.out / "light_shape.png")
    record = {"tables": result, **provenance("numpy", "matplotlib")}
    write_text(arguments.out / "light_shape.json", json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
