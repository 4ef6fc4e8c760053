"""Training on several processes: each takes its share of a batch, the gradients are averaged.

Started by `torchrun`, which sets RANK, LOCAL_RANK and WORLD_SIZE. Gradients are averaged after the
backward pass by one explicit call and not by `DistributedDataParallel`: an adversarial step runs
the same network several times and trains one player at a time, which its hooks are not made for.
With shares of equal size and losses that are means over rows the average is exactly the gradient
of the whole batch. Terms of a batch as one (free nats, the total correlation, how evenly experts
are used, the covariances of CORAL) are taken in each share.
"""

import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from detcore.device import DeviceName

LONGEST_WAIT = timedelta(hours=12)
"""How long a process waits for the others.

The first one validates and writes checkpoints alone, which takes as long as it takes: hours with
many draws, while torch gives up after 10 minutes (NCCL) or 30 (gloo). A process that has died needs
no such limit, as torchrun then ends the others.
"""


@dataclass(frozen=True)
class Processes:
    """This process among those that train together.

    Attributes:
        rank: Its number, 0 for the one that writes files.
        world_size: How many there are.
        device: Where it computes.
    """

    rank: int
    world_size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.world_size == 1 or not gradients:
            return
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.world_size
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def average(self, values: Mapping[str, float]) -> dict[str, float]:
        """Mean over the processes of each named value; the names must be the same on all."""
        if self.world_size == 1:
            return dict(values)
        total = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return dict(zip(values, (total / self.world_size).tolist(), strict=True))

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors by those of the first process."""
        if self.world_size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)


def chosen_device(name: DeviceName, local_rank: int = 0) -> torch.device:
    """The device to compute on; `auto` is a GPU when there is one.

    Raises:
        ValueError: If `cuda` is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("device cuda was asked for but no GPU is usable; use cpu or auto")
    use_gpu = available and name != "cpu"
    return torch.device("cuda", local_rank) if use_gpu else torch.device("cpu")


@contextmanager
def processes(device: DeviceName = "auto") -> Iterator[Processes]:
    """Join the processes that `torchrun` started; alone without it. Leaves them at the end."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    chosen = chosen_device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if world_size == 1:
        yield Processes(0, 1, chosen)
        return
    # Its functions take the group that exists at import as a default argument. Imported later, by
    # an optimiser for one, they keep the group and its threads alive until the interpreter ends,
    # and such a thread may then abort the process (pytorch/pytorch#179291).
    importlib.import_module("torch.distributed.nn.functional")
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    backend = "nccl" if chosen.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=LONGEST_WAIT)
    try:
        yield Processes(int(os.environ["RANK"]), world_size, chosen)
    finally:
        distributed.destroy_process_group()
