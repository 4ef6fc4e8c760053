"""Sizes of the shower autoencoder's two networks, wherever they are used."""

from pydantic import PositiveInt

from detcore.config import Settings
from zdcsim.training.experiment import Widths


class ShowerShape(Settings):
    """Arguments of `ShowerGenerator`."""

    noise_size: PositiveInt = 10
    hidden: PositiveInt = 96
    kernels: PositiveInt = 20


class ShowerEncoderShape(Settings):
    """Arguments of `ShowerEncoder`."""

    hidden: PositiveInt = 128
    widths: Widths = (16, 32, 64)
