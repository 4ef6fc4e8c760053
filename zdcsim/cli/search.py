"""`zdcsim search`: search for the settings of a generator or of the classifier."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from detcore.search.command import Searched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detcore.loop import Progression, Watch
    from detcore.search.study import Training


def training() -> "Training[Any]":
    """How an experiment is loaded and trained."""
    from detcore.search.study import Training
    from zdcsim.training import load_experiment, run

    def trained(experiment: Any, folder: Path, watch: "Watch") -> "Progression":  # noqa: ANN401
        return run(experiment, folder, True, watch)

    return Training(load_experiment, trained)


ALL = ("family", "seed", "data.", "tracking.", "validation_draws")
MATCHING = ("objective.weighting", "objective.hidden_share", "transport.spread")
SCHEDULE = ("transport.prediction", "transport.schedule", "transport.training_steps")
LATENT = ("decoder.", "encoder.", "objective.autoencoder.", "objective.autoencoder_steps")
TEACHER = ("teacher.", "teacher_run", "decoder.")
MORE = {
    "flow_matching": MATCHING,
    "diffusion": (*MATCHING, *SCHEDULE),
    "distilled_flow": TEACHER,
    "distilled_latent_flow": TEACHER,
    "latent_flow_matching": (*MATCHING, *LATENT),
    "latent_diffusion": (*MATCHING, *SCHEDULE, *LATENT),
}
"""By family: what changes the loss that validates, or what is asked of the network in it, the
latent it is taken in, or the teacher that it is the distance to."""


FOLLOWED = ("transport.steps", "transport.integrator", "transport.guidance")
BY_MATCHING = ("flow_matching", "diffusion", "latent_flow_matching", "latent_diffusion")
"""Validated by the matching loss at random times, which follows no path; students follow theirs."""


def fixed(experiment: Any) -> "Sequence[str]":  # noqa: ANN401
    """What all trials share."""
    return (*ALL, *MORE.get(experiment.family, ()))


def unseen(experiment: Any) -> "Sequence[str]":  # noqa: ANN401
    """What no trial's validation sees."""
    return FOLLOWED if experiment.family in BY_MATCHING else ()


SEARCHED = Searched(
    program="zdcsim",
    example="shower_vae",
    fixed=fixed,
    training=training,
    unseen=unseen,
)
