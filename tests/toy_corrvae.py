"""CorrVAE of toy size, and what it learns from."""

import numpy as np
import torch
from torch import Tensor
from toys import toy_conditions, toy_responses

from detcore.distributed import Processes
from zdcsim.geometry import ZN, Calorimeter
from zdcsim.models.corrvae import CorrVaeGenerator, Decoder
from zdcsim.models.shower_vae import ShowerEncoder
from zdcsim.objectives.corrvae import CorrVae, CorrVaeSettings
from zdcsim.training.corrvae import fit_properties

ALONE = Processes(0, 1, torch.device("cpu"))
RESPONSES = toy_responses(particles=12, copies=4)


def normals(rows: int, columns: int, seed: int = 1) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def untrained(
    decoder: Decoder = "kernels", calorimeter: Calorimeter = ZN, seed: int = 0
) -> CorrVaeGenerator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = CorrVaeGenerator(
            calorimeter, decoder=decoder, widths=(8, 4, 4), hidden=16, kernels=4
        )
    particles = toy_conditions(50, np.random.default_rng(3), calorimeter)
    generator.scaler.fit(torch.from_numpy(particles))
    fit_properties(generator, toy_responses(12, 4, calorimeter=calorimeter))
    return generator.eval()


def objective(settings: CorrVaeSettings, decoder: Decoder = "kernels", seed: int = 0) -> CorrVae:
    generator = untrained(decoder, seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = ShowerEncoder(ZN, generator.scaler, hidden=16, widths=(4, 4, 4))
    return CorrVae(generator, encoder, settings, ALONE)
