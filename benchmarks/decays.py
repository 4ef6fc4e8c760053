"""Do as many unstable primaries live in a deployment as in the Monte Carlo?

python benchmarks/decays.py

Lambdas, neutral kaons and Xis of pp collisions that fly straight to the face of the ZN. The Monte
Carlo lets each decay or not when it makes the collisions; `zdcsim.models.survival`, part of every
deployment, decides by the particle's conditions; both should come to the sum of the probabilities.
Once for the collisions of data/zn_test.root, once for more, without showers. Writes
benchmarks/results/decays.json and decays.md.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from result_files import write_rows

from detcore.provenance import provenance, shortened
from zdcsim.conditions import CHARGE, impact
from zdcsim.export.deployment import decaying
from zdcsim.geometry import ZN
from zdcsim.io import tree
from zdcsim.models.survival import Lives
from zdcsim.montecarlo.collisions import Collisions
from zdcsim.montecarlo.source import Source, primaries

MISSES_PER_HIT = 150
"""More than the collisions have."""


def counted(hits: int, seed: int) -> dict[str, float]:
    """Unstable neutral primaries aimed at the face, of all collisions but the last.

    Returns:
        How many, how many should live and the standard deviation of that, and how many do in the
        Monte Carlo and by the survival of a deployment.
    """
    reach, miss = primaries(Source(Collisions()), hits, MISSES_PER_HIT * hits, ZN, seed)
    last = reach.event.max()  # it may go on after the last primary
    alive = reach.conditions[reach.event < last]
    others = miss.conditions[miss.event < last]
    aimed = ZN.contains(*impact(others, ZN).T) & (others[:, CHARGE] == 0)
    found = torch.from_numpy(np.concatenate([alive, others[aimed]]))
    lives = Lives(ZN, decaying())
    with torch.no_grad():
        chance, drawn = lives.survival(found)[:, 0].double(), lives(found)[:, 0]
    unstable = chance < 1
    p = chance[unstable].numpy()
    return {
        "collisions": int(last),
        "aimed": len(p),
        "expected": float(p.sum()),
        "deviation": float(np.sqrt((p * (1 - p)).sum())),
        "monte_carlo": int(unstable[: len(alive)].sum()),
        "deployment": int(drawn[unstable].sum()),
    }


def markdown(rows: dict[str, dict[str, float]], caption: str) -> str:
    """The table."""
    headings = ("collisions", "aimed", "should live", "in the Monte Carlo", "in the deployment")
    lines = [f"|  | {' | '.join(headings)} |", f"|{'---|' * (len(headings) + 1)}"]
    for name, row in rows.items():
        cells = [
            f"{row['collisions']:,}",
            f"{row['aimed']:,}",
            f"{row['expected']:.1f} ± {row['deviation']:.1f}",
            str(row["monte_carlo"]),
            str(row["deployment"]),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", caption]) + "\n"


def main() -> None:
    """Count and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=Path, default=Path("data/zn_test.root"))
    parser.add_argument("--hits", type=int, default=8000, help="of the larger sample")
    parser.add_argument("--seed", type=int, default=79, help="of the larger sample")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    made = tree.read(options.sample).provenance
    rows = {
        options.sample.name: counted(int(str(made["particles"])), int(str(made["seed"]))),
        "without showers": counted(options.hits, options.seed),
    }
    record = {**provenance("zdcsim", "numpy", "torch", "chromo"), "seed": options.seed}
    caption = (
        "Unstable neutral primaries of pp collisions (Sibyll 2.3d) that fly straight to the face "
        "of the ZN; ±: standard deviation if each lives with its own probability. Commit "
        f"{shortened(str(record['commit']))}, {record['machine']}. Made by "
        "`python benchmarks/decays.py`."
    )
    write_rows(options.out / "decays.json", record, rows, markdown(rows, caption))


if __name__ == "__main__":
    main()
