"""What every test gets: a seeded generator, and a guard of the global state."""

import pickle
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest

SEED = 20261121


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator with a seed of its own; the global one is never used."""
    return np.random.default_rng(SEED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, those with most of them before, so that no core waits.

    Files go to the cores in the order of their tests (`--no-loadscope-reorder`).
    """
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(autouse=True)
def global_state_is_left_alone() -> Iterator[None]:
    """Fail a test that changes the default dtype or device, or reseeds or uses a global generator.

    Layers draw their first weights from torch's global generator, so drawing from that one is
    allowed: each test draws from a copy of it, put back when the test ends.
    """
    torch = sys.modules.get("torch")
    with torch.random.fork_rng(devices=[]) if torch else nullcontext():
        before = global_state()
        yield
        after = global_state()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, f"the test changed {', '.join(changed)} and did not put it back"


def global_state() -> dict[str, object]:
    """The global settings that tests share, by name."""
    drawn = np.random.get_state()  # noqa: NPY002 - only to see that no test uses it
    found: dict[str, object] = {"NumPy's global generator": pickle.dumps(drawn)}
    if torch := sys.modules.get("torch"):
        found["torch's default dtype"] = torch.get_default_dtype()
        found["torch's default device"] = torch.get_default_device()
        found["the seed of torch's global generator"] = torch.initial_seed()
        found["torch's deterministic mode"] = torch.are_deterministic_algorithms_enabled()
    return found
