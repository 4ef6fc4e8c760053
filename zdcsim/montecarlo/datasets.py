"""Which Geant4 data sets a simulation runs on: the official ones, or our stand-ins.

Geant4 11.4 looks for its data sets by folder name below GEANT4_DATA_DIR. FTFP_BERT opens four of
them. Everything simulated on stand-ins is labelled so in its file, and so is what was simulated on
a folder that does not show that it is the official one.
"""

import os
from pathlib import Path
from typing import Literal

DataKind = Literal["official", "stand-in"]

FOLDERS = {
    "G4LEDATA": "G4EMLOW8.8",
    "G4LEVELGAMMADATA": "PhotonEvaporation6.1.2",
    "G4ENSDFSTATEDATA": "G4ENSDFSTATE3.0",
    "G4PARTICLEXSDATA": "G4PARTICLEXS4.2",
}
"""The data sets FTFP_BERT opens: environment variable and folder of the version 11.4 wants."""
UNUSED = (
    "G4SAIDXSDATA",
    "G4ABLADATA",
    "G4INCLDATA",
    "G4NEUTRONHPDATA",
    "G4RADIOACTIVEDATA",
    "G4PIIDATA",
    "G4REALSURFACEDATA",
    "G4CHANNELINGDATA",
)
STAND_IN_MARK = "STAND-IN"
OTHER_MARKS = ("STANDIN",)
"""Of stand-ins that other scripts make."""
LEVELS = "z*.a*"
"""Level schemes of the official PhotonEvaporation, a file a nuclide, as z74.a184; stand-ins have
none, for Geant4 takes a nuclide without its file to have no levels."""
DATA_DIR = "GEANT4_DATA_DIR"


def stand_in_folder() -> Path:
    """Where generated stand-in tables are kept: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "zdcsim" / "geant4-11.4-stand-in-1"


def official_folder() -> Path | None:
    """The folder that holds all four official data sets, if the user has one.

    Looked for in the G4*DATA variables (which must share one parent folder), in GEANT4_DATA_DIR and
    in geant4_pybind's own download folder.
    """
    named = [Path(os.environ[variable]).parent for variable in FOLDERS if variable in os.environ]
    candidates = [*named, Path.home() / ".geant4_pybind"]
    if DATA_DIR in os.environ:
        candidates.insert(0, Path(os.environ[DATA_DIR]))
    for folder in candidates:
        if kind(folder) == "official":
            return folder
    return None


def use(folder: Path) -> DataKind:
    """Point Geant4 to a folder of data sets; call before geant4_pybind is imported.

    Returns:
        Whether they are the official data sets or stand-ins.
    """
    for variable in (*FOLDERS, *UNUSED):
        os.environ.pop(variable, None)
    os.environ[DATA_DIR] = str(folder)
    return kind(folder)


def kind(folder: Path) -> DataKind:
    """Whether a folder holds the official data sets or stand-ins.

    Official is what has all four folders, level schemes and no mark; all else counts as stand-ins.
    """
    marked = any((folder / mark).exists() for mark in (STAND_IN_MARK, *OTHER_MARKS))
    complete = all((folder / name).is_dir() for name in FOLDERS.values())
    levels = next((folder / FOLDERS["G4LEVELGAMMADATA"]).glob(LEVELS), None)
    return "official" if complete and levels is not None and not marked else "stand-in"
