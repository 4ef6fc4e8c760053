"""Where a result comes from: commit, versions and machine, as every result file names them."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

MARK = "-dirty"
SOURCE_TREE = Path(__file__).resolve().parent.parent
GENERATION = {"family": "cpu family", "model": "model"}
"""What /proc/cpuinfo says beside a processor's name."""


def commit() -> str:
    """Git commit of the source tree, with `-dirty` appended when tracked files differ from it.

    `unknown` when the package does not run from a checkout.
    """
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", f"--dirty={MARK}", "--exclude=*"],
            cwd=SOURCE_TREE,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def shortened(commit: str) -> str:
    """The first 12 characters of a commit, with the mark of a tree that differed from it."""
    number, mark, _ = commit.partition(MARK)
    return number[:12] + mark


def versions(*packages: str) -> dict[str, str]:
    """Installed version of each distribution; those not installed are left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the processor as the operating system gives it, and on Linux its generation.

    Virtual machines shorten the name: "AMD EPYC" may be twice as fast as "AMD EPYC".
    """
    if cpuinfo.exists():
        first = cpuinfo.read_text().split("\n\n")[0].splitlines()
        said = {key.strip(): value.strip() for key, _, value in (s.partition(":") for s in first)}
        if "model name" in said:
            numbers = [f"{key} {said[of]}" for key, of in GENERATION.items() if of in said]
            return said["model name"] + (f" ({', '.join(numbers)})" if numbers else "")
    return platform.processor() or platform.machine()


def provenance(*packages: str) -> dict[str, object]:
    """Commit, time, machine and the versions of the named distributions."""
    return {
        "commit": commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{processor()}, {platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **versions(*packages)},
    }
