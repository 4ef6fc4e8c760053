"""Sizes of the shower autoencoder's two networks, wherever they are used."""

from detcore.config import Settings
from zdcsim.training.experiment import Positive, Widths


class ShowerShape(Settings):
    """Arguments of `ShowerGenerator`."""

    noise_size: Positive = 10
    hidden: Positive = 96
    kernels: Positive = 20


class ShowerEncoderShape(Settings):
    """Arguments of `ShowerEncoder`."""

    hidden: Positive = 128
    widths: Widths = (16, 32, 64)
