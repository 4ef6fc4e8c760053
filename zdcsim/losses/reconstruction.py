"""How far a decoded response lies from the one that was encoded.

Axis key: B responses of Nx by Ny fibres.
"""

from torch import Tensor


def squared_error(decoded: Tensor, log_photons: Tensor) -> Tensor:
    """Squared difference of log photons, summed over fibres, mean over responses, shape ().

    Arguments:
        decoded: Shape (B, Nx, Ny).
        log_photons: Of the Monte Carlo, shape (B, Nx, Ny).

    Source:
        The summed form is that of the autoencoder that https://arxiv.org/abs/2406.03263 compares
        with; the weight of the divergence counts relative to it.
    """
    return (decoded - log_photons).square().sum((1, 2)).mean()
