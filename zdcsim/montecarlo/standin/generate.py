"""Make the stand-in data sets in the user's cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from zdcsim.montecarlo import datasets
from zdcsim.montecarlo.standin import bremsstrahlung, nuclear, photons
from zdcsim.montecarlo.standin.table import ELEMENTS


def ensure(folder: Path) -> Path:
    """The stand-in folder, made in a process of its own when it is not there yet.

    geant4_pybind reads its data folder when it is imported, so the process that makes the tables
    cannot be the one that simulates with them.

    Raises:
        ValueError: If something else lies there, as tables that have lost their mark.
    """
    mark = folder / datasets.STAND_IN_MARK
    if not mark.exists():
        subprocess.run([sys.executable, "-m", __name__, str(folder)], check=True)
    if not mark.exists():
        raise ValueError(
            f"{folder} is in the way of the stand-in tables and has no file {mark.name}, so that "
            "nobody knows what is in it; delete it, and they are made anew"
        )
    return folder


def main(folder: Path) -> None:
    """Write every table into a temporary folder and move it into place when all are there."""
    # A path that does not exist keeps geant4_pybind from asking to download the official data.
    os.environ[datasets.DATA_DIR] = str(folder / "none")
    import geant4_pybind as geant4

    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    manager = geant4.G4NistManager.Instance()
    masses = {z: float(manager.GetAtomicMassAmu(z)) for z in ELEMENTS}
    bremsstrahlung.write(partial)
    photons.write(partial, geant4)
    nuclear.write(partial, masses)
    (partial / datasets.STAND_IN_MARK).write_text(
        "Stand-ins made by zdcsim from published formulas; not the official Geant4 data.\n"
    )
    try:
        partial.rename(folder)
    except OSError:  # another process was first, or `ensure` says what lies there
        shutil.rmtree(partial)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # Geant4's static destructors can crash an interpreter that ends normally
