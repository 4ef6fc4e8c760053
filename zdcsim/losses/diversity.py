"""The selective-diversity term: where the Monte Carlo varies, two noises must give two responses.

Source: https://arxiv.org/abs/2207.01561.

Axis key: B particles, L latent numbers of the discriminator, Z noise numbers.
"""

from torch import Tensor

SMALLEST_DISTANCE = 1e-5


def diversity_loss(
    latent_a: Tensor, latent_b: Tensor, noise_a: Tensor, noise_b: Tensor, weight: Tensor
) -> Tensor:
    """Mean over particles of weight times noise distance over latent distance.

    Distances are mean absolute differences. Every particle meets its own weight only: all three
    factors have shape (B,), checked because (B, 1) against (B,) would silently pair each weight
    with each particle.

    Arguments:
        latent_a: What the discriminator makes of the responses to `noise_a`, shape (B, L).
        latent_b: The same for `noise_b` and the same particles, shape (B, L).
        noise_a: Shape (B, Z).
        noise_b: Shape (B, Z).
        weight: Diversity of the particle's Monte Carlo copies, 0 to 1, shape (B,).

    Raises:
        ValueError: If `weight` is not one number a particle.
    """
    if weight.shape != latent_a.shape[:1]:
        raise ValueError(
            f"the diversity weight must have shape {tuple(latent_a.shape[:1])}; "
            f"got {tuple(weight.shape)}"
        )
    latent_distance = (latent_a - latent_b).abs().mean(dim=1)
    noise_distance = (noise_a - noise_b).abs().mean(dim=1)
    return (weight * noise_distance / (latent_distance + SMALLEST_DISTANCE)).mean()
