"""The intensity term: a generated response should hold as many photo-electrons as its Monte Carlo.

Source: https://arxiv.org/abs/2406.03263. The reference code sums log photons over the whole batch;
here each response is summed alone, in photo-electrons. The published distance is `squared`; the
default of the settings is `log`.

Axis key: B responses, Nx by Ny fibres.
"""

from typing import Literal

import torch
from torch import Tensor

IntensityForm = Literal["squared", "absolute", "log"]


def photon_sum(log_photons: Tensor) -> Tensor:
    """Photo-electrons of each response, shape (B,), of log photons, shape (B, Nx, Ny)."""
    return torch.expm1(log_photons.float()).sum(dim=(1, 2))


def intensity_loss(log_photons: Tensor, target: Tensor, form: IntensityForm) -> Tensor:
    """Mean distance between generated and Monte Carlo photon sums.

    `squared` and `absolute` are in photo-electrons, so bright responses rule them and their
    useful weight depends on the sample. `log` is the squared difference of log1p of the sums: a
    relative error that weighs a 50 GeV and a 3 TeV shower alike.

    Arguments:
        log_photons: Generated, shape (B, Nx, Ny).
        target: Photon sums of Monte Carlo responses to the same particles, shape (B,).
        form: Distance.

    Raises:
        ValueError: If there is not one target a response.
    """
    found = photon_sum(log_photons)
    if target.shape != found.shape:
        raise ValueError(
            f"photon sums must have shape {tuple(found.shape)}; got {tuple(target.shape)}"
        )
    if form == "log":
        return (torch.log1p(found) - torch.log1p(target)).square().mean()
    difference = found - target
    return difference.abs().mean() if form == "absolute" else difference.square().mean()
