"""The two players' terms.

`cross_entropy` is the non-saturating loss of Goodfellow et al., https://arxiv.org/abs/1406.2661;
`hinge` that of https://arxiv.org/abs/1705.02894.

Axis key: B responses.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

AdversarialForm = Literal["cross_entropy", "hinge"]


def discriminator_loss(real: Tensor, generated: Tensor, form: AdversarialForm) -> Tensor:
    """Mean loss of the discriminator, of its logits for both kinds, shape (B,) each."""
    if form == "hinge":
        return functional.relu(1 - real).mean() + functional.relu(1 + generated).mean()
    return functional.softplus(-real).mean() + functional.softplus(generated).mean()


def generator_loss(generated: Tensor, form: AdversarialForm) -> Tensor:
    """Mean loss of the generator, of the discriminator's logits for its responses, shape (B,)."""
    return generator_losses(generated, form).mean()


def generator_losses(generated: Tensor, form: AdversarialForm) -> Tensor:
    """The generator's loss of each response, shape (B,), of the logits, shape (B,)."""
    return -generated if form == "hinge" else functional.softplus(-generated)


def gradient_penalty(logits: Tensor, log_photons: Tensor) -> Tensor:
    """Mean squared gradient of the logits with respect to Monte Carlo responses (R1).

    Keeps the discriminator from learning few training responses by heart.

    Arguments:
        logits: Shape (B,); each depends on its own response only.
        log_photons: Shape (B, Nx, Ny), a leaf that requires a gradient.

    Source:
        https://arxiv.org/abs/1801.04406, equation 9, without the factor gamma / 2.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), log_photons, create_graph=True)
    return gradient.square().sum(dim=(1, 2)).mean()
