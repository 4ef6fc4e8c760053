"""One untrained generator of every family, for tests of what all of them promise."""

from collections.abc import Callable

import numpy as np
import torch
from toys import toy_conditions

from zdcsim.geometry import Calorimeter
from zdcsim.models.conv_vae import ConvVaeGenerator
from zdcsim.models.corrvae import CorrVaeGenerator
from zdcsim.models.diffusion import DiffusionTransport
from zdcsim.models.expertsim import ExpertSimGenerator
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.generator import Generator
from zdcsim.models.latent_denoiser import LatentDenoiser
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.sdi_gan import SdiGanGenerator
from zdcsim.models.shower_vae import ShowerGenerator
from zdcsim.models.unet import UNet

GENERATORS: dict[str, Callable[[Calorimeter], Generator]] = {
    "conv_vae": lambda calorimeter: ConvVaeGenerator(calorimeter, widths=(32, 16, 8)),
    "conv_vae features": lambda calorimeter: ConvVaeGenerator(
        calorimeter, widths=(32, 16, 8), known="features"
    ),
    "flow_matching": lambda calorimeter: PixelGenerator(
        calorimeter, FlowTransport(UNet(calorimeter), 0.35, steps=3)
    ),
    "diffusion": lambda calorimeter: PixelGenerator(
        calorimeter, DiffusionTransport(UNet(calorimeter), 0.35, steps=3, guidance=0.5)
    ),
    "latent_flow_matching": lambda calorimeter: LatentGenerator(
        ShowerGenerator(calorimeter), FlowTransport(LatentDenoiser(calorimeter, 10), 1.0, steps=3)
    ),
    "latent_diffusion": lambda calorimeter: LatentGenerator(
        ShowerGenerator(calorimeter),
        DiffusionTransport(LatentDenoiser(calorimeter, 10), 1.0, steps=3),
    ),
    "distilled_flow": lambda calorimeter: PixelGenerator(
        calorimeter, FlowTransport(UNet(calorimeter), 0.35, steps=1, integrator="euler")
    ),
    "distilled_latent_flow": lambda calorimeter: LatentGenerator(
        ShowerGenerator(calorimeter),
        FlowTransport(LatentDenoiser(calorimeter, 10), 1.0, steps=1, integrator="euler"),
    ),
    "sdi_gan": lambda calorimeter: SdiGanGenerator(calorimeter),
    "shower_vae": lambda calorimeter: ShowerGenerator(calorimeter),
    "corrvae": lambda calorimeter: CorrVaeGenerator(calorimeter, widths=(32, 16, 8)),
    "corrvae kernels": lambda calorimeter: CorrVaeGenerator(calorimeter, decoder="kernels"),
    "expertsim": lambda calorimeter: ExpertSimGenerator(calorimeter, widths=(16, 16, 8)),
    "sdi_gan published inputs": lambda calorimeter: SdiGanGenerator(calorimeter, impact_maps=False),
}


def built(family: str, calorimeter: Calorimeter) -> Generator:
    """A generator whose scaler is fitted to the toy particles; the same at every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = GENERATORS[family](calorimeter)
    particles = toy_conditions(50, np.random.default_rng(3), calorimeter)
    generator.scaler.fit(torch.from_numpy(particles))
    return generator
