"""The distributions: built from a clean copy, and used from an environment that has nothing else.

One environment for each Python that the package supports and this machine has.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from toy_tracks import toy_tracks

from pid.scoring import score
from zdcsim.io import tree

ROOT = Path(__file__).resolve().parent.parent
BUNDLES = {"zdcsim": "zn-shower-vae", "pid": "pid-feature-set"}
TOP = {
    "CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "configs",
    "data", "detcore", "pid", "pyproject.toml", "setup.cfg", "setup.py", "zdcsim",
    "zdcsim.egg-info",
}  # fmt: skip
SCORE = """
import json, sys
from pathlib import Path
import numpy as np
from pid.scoring import score
from pid.tracks import Tracks
given = np.load(sys.argv[1])
tracks = Tracks(tuple(given["columns"]), given["values"], given["event"])
print(json.dumps(score(Path("pid-feature-set"), tracks).tolist()))
"""


def interpreters() -> list[str]:
    """This Python, the oldest and the newest that are supported and can make environments."""
    found = {sys.version_info[:2]: sys.executable}
    folders = [Path(name) for name in os.get_exec_path()]
    folders += Path(os.environ.get("PYENV_ROOT", "/nowhere")).glob("versions/*/bin")
    for path in (folder / f"python3.{minor}" for minor in (11, 12, 13) for folder in folders):
        if path.is_file():
            ask = "import ensurepip, sys; print(*sys.version_info[:2])"
            asked = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
            if asked.returncode == 0:
                major, minor = map(int, asked.stdout.split())
                found.setdefault((major, minor), str(path))
    return [found[version] for version in sorted({min(found), sys.version_info[:2], max(found)})]


class Distributions(NamedTuple):
    """Paths of a source distribution and of the wheel made from it."""

    source: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Built from the files that git tracks or would, so that nothing lying about gets in."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run(build, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Distributions(*out.glob("*.tar.gz"), *out.glob("*.whl"))


class Installed(NamedTuple):
    """A virtual environment with the wheel and its base dependencies, and an empty folder."""

    programs: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in the folder, away from this checkout."""
        hidden = {"PYTHONPATH", "ZDCSIM_MODELS", "VIRTUAL_ENV"}
        environment = {key: value for key, value in os.environ.items() if key not in hidden}
        command = [str(self.programs / program), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module", params=interpreters(), ids=lambda path: Path(path).parts[-3])
def installed(
    request: pytest.FixtureRequest, built: Distributions, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([request.param, "-m", "venv", place / "venv"], check=True)
    found = Installed(place / "venv" / "bin", place)
    constraints = str(ROOT / "constraints.txt")
    install = ["-m", "pip", "install", "-q", "--no-compile", "-c", constraints, str(built.wheel)]
    done = found.run("python", *install)
    assert done.returncode == 0, done.stderr
    return found


def test_the_source_distribution_holds_what_the_wheel_is_made_of(built: Distributions) -> None:
    with tarfile.open(built.source) as archive:
        names = [Path(*Path(name).parts[1:]) for name in archive.getnames()]
    parts = {name.parts[0] for name in names if name.parts}
    assert parts == TOP
    assert {name.parts[1] for name in names if name.parts[:1] == ("data",) and name.parts[1:]} == {
        *BUNDLES.values()
    }
    assert not [name for name in names if name.suffix in {".pyc", ".root", ".pt"}]


def test_the_wheel_holds_the_packages_and_a_bundle_of_each(built: Distributions) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
        for package, bundle in BUNDLES.items():
            for path in (ROOT / "data" / bundle).iterdir():
                carried = f"{package}/bundles/{bundle}/{path.name}"
                assert archive.read(carried) == path.read_bytes()
    assert {name.parts[0] for name in names if ".dist-info" not in name.parts[0]} == {
        "detcore", "pid", "zdcsim",
    }  # fmt: skip
    sources = {path.relative_to(ROOT) for path in ROOT.glob("[dpz]*/**/*.py")}
    sources = {path for path in sources if path.parts[0] in {"detcore", "pid", "zdcsim"}}
    assert {name for name in names if name.suffix == ".py"} == sources
    assert built.wheel.stat().st_size < 3e6


def test_version_and_models_of_the_wheel_alone(installed: Installed) -> None:
    assert installed.run("zdcsim", "--version").stdout.startswith("zdcsim ")
    assert "zn-shower-vae" in installed.run("zdcsim", "models").stdout
    assert "pid-feature-set" in installed.run("pid", "models").stdout
    empty = installed.run("zdcsim", "models", "--detector", "zp").stdout
    assert "export one" in empty
    assert "ZDCSIM_MODELS" in empty


def test_the_wheel_alone_generates(installed: Installed) -> None:
    gun = ["--particle", "neutron", "--energy", "2500", "-n", "200", "--out", "neutrons.root"]
    done = installed.run("zdcsim", "generate", "--model", "zn-shower-vae", *gun)
    assert done.returncode == 0, done.stderr
    responses = tree.read(installed.folder / "neutrons.root")
    per_tev = responses.photon_sum().mean() / 2.5
    assert len(responses) == 200
    assert 290 < per_tev < 360  # calibrated to 329 at higher energy; see docs/validation.md


def test_the_wheel_alone_scores_tracks(installed: Installed) -> None:
    tracks = toy_tracks(32)
    given = installed.folder / "tracks.npz"
    np.savez(given, columns=tracks.columns, values=tracks.values, event=tracks.event)
    done = installed.run("python", "-c", SCORE, given.name)
    assert done.returncode == 0, done.stderr
    expected = score(ROOT / "data/pid-feature-set", tracks)
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("zdcsim simulate --out a.root", "mc"),
        ("zdcsim train a.yaml --out a", "train"),
        ("zdcsim evaluate --generated a --reference a --html a", "report"),
        ("pid train a.yaml --out a", "train"),
        ("pid simulate --out a.root", "mc"),
    ],
)
def test_what_is_missing_is_named(installed: Installed, command: str, extra: str) -> None:
    done = installed.run(*command.split())
    assert done.returncode == 2
    assert f"pip install 'zdcsim[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_installed_is_small(installed: Installed) -> None:
    listed = installed.run("python", "-m", "pip", "list", "--format", "json").stdout
    names = {entry["name"].lower() for entry in json.loads(listed)}
    assert {"zdcsim", "numpy", "onnxruntime", "uproot"} <= names
    assert names.isdisjoint({"torch", "matplotlib", "mlflow-skinny", "scipy", "scikit-learn"})
