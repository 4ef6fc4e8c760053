"""Compare the shape of our light model with ALICE's own tables, which the user provides.

python benchmarks/light_shape.py FOLDER_OF_ALICE_TABLES --out benchmarks/results

`zdcsim/light/table_shape.py` says what is compared.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from detcore.files import replacing, write_text
from detcore.provenance import provenance
from zdcsim.geometry import ZN
from zdcsim.light.alice_tables import BETA_RANGES
from zdcsim.light.table_shape import TableShape, table_shapes
from zdcsim.shower_physics import ShowerPhysics
from zdcsim.validation.plots import light


def misplaced_by_angle(shape: TableShape) -> float:
    """The share of the light at other angles, whatever its impact distances."""
    weight = np.sin(np.radians(shape.angles_degrees))
    ours, theirs = (weight * light / (weight * light).sum() for light in (shape.ours, shape.theirs))
    return round(float(np.abs(ours - theirs).sum() / 2), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path, help="folder with light22620362207s to ...10s")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    shapes = table_shapes(arguments.tables, ZN, ShowerPhysics())
    result = {
        digits: {
            "correlation": shape.correlation,
            "misplaced_share": shape.misplaced_share,
            "misplaced_share_of_angles": misplaced_by_angle(shape),
            "total_alice_over_ours": shape.total_alice_over_ours,
        }
        for digits, shape in zip(BETA_RANGES, shapes, strict=True)
    }
    for digits, numbers in result.items():
        print(BETA_RANGES[digits], numbers)
    with replacing(arguments.out / "light_shape.png") as partial:
        light(shapes).savefig(partial, format="png", dpi=110)
    record = {"tables": result, **provenance("numpy", "matplotlib")}
    write_text(arguments.out / "light_shape.json", json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
