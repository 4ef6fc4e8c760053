"""`pid search`: search for the settings of a classifier of tracks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from detcore.search.command import Searched

if TYPE_CHECKING:
    from detcore.loop import Progression, Watch
    from detcore.search.study import Training


def training() -> "Training[Any]":
    """How an experiment is loaded and trained."""
    from detcore.search.study import Training
    from pid.training import load_experiment, run

    def trained(experiment: Any, folder: Path, watch: "Watch") -> "Progression":  # noqa: ANN401
        return run(experiment, folder, True, watch)

    return Training(load_experiment, trained)


SEARCHED = Searched(
    program="pid",
    example="feature_set",
    fixed=lambda _: ("family", "seed", "data.", "tracking.", "split_seed"),
    training=training,
)
