"""Names of the devices a training can run on; free of torch, so the command line stays light."""

from typing import Literal

DeviceName = Literal["auto", "cpu", "cuda"]
"""`auto` is a GPU when there is one."""
