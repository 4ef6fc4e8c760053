"""How a trained transport is followed from noise to response: chosen after the training.

Fewer steps are faster and less exact; the weights are the same.
"""

import copy

from zdcsim.models.diffusion import DiffusionTransport
from zdcsim.models.flow_matching import FlowTransport
from zdcsim.models.generator import Generator
from zdcsim.models.latent_generator import LatentGenerator
from zdcsim.models.ode_sampler import Integrator
from zdcsim.models.pixel_generator import PixelGenerator
from zdcsim.models.scale import ScaledGenerator


def followed(
    generator: Generator, steps: int | None = None, integrator: Integrator | None = None
) -> Generator:
    """A copy that follows its transport so; what is None stays as it was trained.

    Raises:
        ValueError: If the generator follows no transport, is a student, has no integrator to
            choose, or the number of steps is not positive.
    """
    found = copy.deepcopy(generator)
    transport = _transport(found)
    if transport is None:
        raise ValueError(
            "this family answers in one step; the steps of diffusion and flow matching can be "
            "chosen"
        )
    if isinstance(transport, FlowTransport) and transport.one_way:
        raise ValueError(
            f"a student goes the way that it learnt, steps: {transport.steps} by "
            f"{transport.integrator}, and no other; leave steps and integrator out, or choose "
            "those of its teacher"
        )
    if steps is not None:
        if steps < 1:
            raise ValueError(f"a sampler needs at least 1 step; got {steps}")
        transport.steps = steps
    if integrator is not None:
        if not isinstance(transport, FlowTransport):
            raise ValueError(f"diffusion is followed by DDIM; {integrator} is for flow matching")
        transport.integrator = integrator
    return found


def sampler(generator: Generator) -> dict[str, str | int] | None:
    """Method, steps and evaluations of the network for a response; None if there is no sampler."""
    transport = _transport(generator)
    if transport is None:
        return None
    method = transport.integrator if isinstance(transport, FlowTransport) else "ddim"
    evaluations = 2 * transport.steps - 1 if method == "heun" else transport.steps
    return {"method": method, "steps": transport.steps, "evaluations": evaluations}


def _transport(generator: Generator) -> FlowTransport | DiffusionTransport | None:
    if isinstance(generator, ScaledGenerator):
        return _transport(generator.generator)
    if not isinstance(generator, PixelGenerator | LatentGenerator):
        return None
    transport = generator.transport
    return transport if isinstance(transport, FlowTransport | DiffusionTransport) else None
