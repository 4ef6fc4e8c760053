"""Two processes with half a batch each are one process with the whole batch."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from toys import toy_responses

from detcore import checkpoint
from detcore.distributed import LONGEST_WAIT, Processes, chosen_device, processes
from zdcsim.training import load_experiment, train

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "configs" / "zdcsim" / "debug.yaml"
OVERRIDES = ["training.steps=4", "training.validate_every=2", "training.batch=8",
             "training.device=cpu", "objective.gradient_penalty=0.1"]  # fmt: skip

RANK = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from toys import toy_responses
from zdcsim.training import load_experiment, train
config, folder, *overrides = sys.argv[1:]
train(load_experiment(Path(config), overrides), toy_responses(12, 3), Path(folder))

def name(thread):
    try:
        return thread.read_text().strip()
    except OSError:  # it has just ended
        return ""

left = [found for found in map(name, Path("/proc/self/task").glob("*/comm")) if "gloo" in found]
assert not left, f"threads outlive the group and may abort this process at its end: {left}"
"""


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    script = tmp_path / "rank.py"
    script.write_text(RANK)
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2",
                "--master-addr=127.0.0.1", "--master-port=0", "--rdzv-backend=c10d",
                "--rdzv-endpoint=127.0.0.1:0"]  # fmt: skip
    ended = subprocess.run(
        [*torchrun, str(script), str(CONFIG), str(tmp_path / "two"), *OVERRIDES],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    train(load_experiment(CONFIG, OVERRIDES), toy_responses(12, 3), tmp_path / "one")
    one, two = (checkpoint.load(tmp_path / f / checkpoint.LAST) for f in ("one", "two"))
    for player in ("generator", "discriminator", "regressor"):
        for name, weight in one["objective"][player]["network"].items():
            found = two["objective"][player]["network"][name]
            torch.testing.assert_close(found, weight, rtol=1e-3, atol=2e-5, msg=f"{player} {name}")
    assert two["done"]["best"] == pytest.approx(one["done"]["best"], rel=1e-3)


def test_alone_averages_change_nothing() -> None:
    alone = Processes(0, 1, torch.device("cpu"))
    layer = torch.nn.Linear(2, 1)
    torch.autograd.backward(layer(torch.ones(1, 2)).sum())
    assert layer.weight.grad is not None
    before = layer.weight.grad.clone()
    alone.average_gradients(layer.parameters())
    assert torch.equal(layer.weight.grad, before)
    assert alone.average({"a": 1.5}) == {"a": 1.5}
    assert alone.first


def test_processes_wait_for_a_validation_of_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setattr(
        torch.distributed, "init_process_group", lambda backend, **rest: given.update(rest)
    )
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: None)
    with processes("cpu"):
        assert given == {"timeout": LONGEST_WAIT}
    assert timedelta(hours=2) <= LONGEST_WAIT <= timedelta(days=2)


def test_a_gpu_that_is_not_there_is_an_error() -> None:
    assert chosen_device("cpu").type == "cpu"
    if torch.cuda.is_available():
        pytest.skip("there is one")
    assert chosen_device("auto").type == "cpu"
    with pytest.raises(ValueError, match="no GPU is usable"):
        chosen_device("cuda")
