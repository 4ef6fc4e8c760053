"""Responses decoded from latents that were moved out of noise.

An autoencoder's latents are not quite standard normal, and what they are depends on the particle:
drawing them from the standard normal law, as the shower autoencoder alone does, is an
approximation. Here a transport gives the latents of the particle, and the decoder of the shower
autoencoder draws the counts. The noise that O2 draws has as many numbers as the latent, so nothing
is expanded but the fibres' noise, as in the shower autoencoder.

R. Rombach et al., https://arxiv.org/abs/2112.10752; for the ZDC https://arxiv.org/abs/2406.03233
(diffusion) and https://arxiv.org/abs/2507.18811 (flow matching).

Axis key: B particles, Z latent and noise numbers, Nx by Ny fibres.
"""

import torch
from torch import Tensor

from zdcsim.models.generator import Generator
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.models.transport import Transport


class LatentGenerator(Generator):
    """Transport and decoder.

    Arguments:
        decoder: Of the shower autoencoder; its scaler is the generator's.
        transport: Of as many numbers as the latent.
    """

    draws_counts = True

    def __init__(self, decoder: ShowerGenerator, transport: Transport) -> None:
        super().__init__(decoder.calorimeter, decoder.noise_size)
        self.scaler = decoder.scaler
        self.decoder, self.transport = decoder, transport

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Log photons of whole counts, shape (B, Nx, Ny); see `Generator.forward`."""
        return torch.log(1 + self.counts(noise, conditions))

    def counts(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Whole photo-electrons, shape (B, Nx, Ny); see `Generator.counts`."""
        latent = self.latent(self.own(noise), conditions)
        return self.decoder.drawn(*self.decoder.light(latent, conditions), noise)

    def latent(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Latents, shape (B, Z), of standard normal noise (B, Z) and scaled conditions (B, 9)."""
        latent: Tensor = self.transport(noise, self.scaler.undo(conditions))
        return latent
