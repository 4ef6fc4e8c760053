"""Files behind root:// addresses, read from a real server, where one is installed."""

import getpass
import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from zdcsim.cli.main import app
from zdcsim.io import store

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "o2sim.root"
pytestmark = pytest.mark.skipif(
    shutil.which("xrootd") is None or importlib.util.find_spec("fsspec_xrootd") is None,
    reason="needs an XRootD server (xrootd-server on Debian) and fsspec-xrootd",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that has the fixture, and half of it."""
    folder = tmp_path_factory.mktemp("xrootd")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)  # the server gives root's rights up
    data, logs = folder / "data", folder / "logs"
    data.mkdir()
    logs.mkdir(mode=0o777)
    logs.chmod(0o777)
    shutil.copy(FIXTURE, data / "o2sim.root")
    (data / "half.root").write_bytes(FIXTURE.read_bytes()[:15_000])
    port = _free_port()
    settings = [f"xrd.port {port}", "all.export /data", f"oss.localroot {folder}"]
    settings += [f"all.adminpath {logs}", f"all.pidpath {logs}"]
    (folder / "server.cfg").write_text("\n".join(settings) + "\n")
    command = ["xrootd", "-c", str(folder / "server.cfg"), "-l", str(logs / "log")]
    command += ["-R", "daemon"] if getpass.getuser() == "root" else []
    running = subprocess.Popen(
        command, cwd=logs, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        _wait_for(port, running)
        yield f"root://localhost:{port}//data"
    finally:
        running.terminate()
        running.wait(10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        assert running.poll() is None, "the server did not start"
        try:
            socket.create_connection(("localhost", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def convert(source: str | Path, out: Path) -> Result:
    """Run the command in this process, on a screen wide enough not to wrap."""
    arguments = ["convert", str(source), "--detector", "zn", "--out", str(out)]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_a_file_at_a_server_is_the_file_here(server: str, tmp_path: Path) -> None:
    for name, source in (("there.h5", f"{server}/o2sim.root"), ("here.h5", FIXTURE)):
        ran = convert(source, tmp_path / name)
        assert ran.exit_code == 0, ran.output
    there, here = store.read(tmp_path / "there.h5"), store.read(tmp_path / "here.h5")
    assert np.array_equal(there.dense(), here.dense())
    assert np.array_equal(there.conditions, here.conditions)


@pytest.mark.parametrize("name", ["absent.root", "half.root"])
def test_what_cannot_be_read_is_one_sentence(server: str, tmp_path: Path, name: str) -> None:
    ran = convert(f"{server}/{name}", tmp_path / "out.h5")
    assert ran.exit_code == 2
    assert f"{name} cannot be read" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "out.h5").exists()
