"""The run that a student of flow matching learns from: that it fits, its data, its weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from detcore import checkpoint, config
from detcore.files import sha256
from detcore.run_folder import CONFIG, DATA, ORIGIN, recorded
from zdcsim.io.lineage import made_of, productions
from zdcsim.models.generator import Generator
from zdcsim.training.denoising import FlowShape, TransportExperiment, check_told
from zdcsim.training.experiment import GeneratorExperiment

SAME_DATA = ("calorimeter", "beam_momentum_gev")


def check_teacher(
    run: Path,
    kind: type[TransportExperiment],
    student: GeneratorExperiment,
    shapes: Mapping[str, FlowShape],
) -> None:
    """Refuse a teacher whose weights would fit and mean something else, or one to guide wrongly.

    Families with one network have weights of the same names and shapes, and neither the spread of
    the noise nor the beam is among them.

    Arguments:
        run: Run folder of the teacher.
        kind: Settings of the family that can teach.
        student: All settings of the student.
        shapes: How teacher and student are followed, by name of the settings.

    Raises:
        ValueError: If the run is of another family, or its calorimeter, beam or spread is another
            than the student's, or one that was told of every particle is to be guided.
    """
    (family,) = get_args(kind.model_fields["family"].annotation)
    found = config.read(run / CONFIG).get("family")
    if found != family:
        raise ValueError(
            f"teacher_run {run} holds a {found} run, but {student.family} learns from {family}; "
            "name a run of that family"
        )
    teacher = config.load(run / CONFIG, kind)
    pairs = {
        **{f"data.{n}": (getattr(student.data, n), getattr(teacher.data, n)) for n in SAME_DATA},
        **{f"{n}.spread": (each.spread, teacher.transport.spread) for n, each in shapes.items()},
    }
    for name, (mine, its) in pairs.items():
        if mine != its:
            raise ValueError(
                f"{name} is {mine!r}, but the teacher {run} was trained with {its!r}; a student "
                f"goes on from its teacher's weights: set it to {its!r}, or name another teacher"
            )
    for name, shape in shapes.items():
        check_told(name, shape, teacher.objective.hidden_share, run)


def teacher_digests(run: Path) -> dict[str, str]:
    """SHA-256 of the teacher's weights, of its data and what those were made of; its productions.

    Checksums are one after the other with a space between, productions one on a line; what the run
    does not say is left out.

    Raises:
        ValueError: If the run says nothing of itself, or has no best weights.
    """
    data = recorded(run).get(DATA, {})
    stated = data.get(ORIGIN, {})
    digests = {
        "teacher_sha256": sha256(run / checkpoint.BEST),
        "teacher_data_sha256": data.get("sha256"),
        "teacher_made_of_sha256": " ".join(sorted(made_of(stated))),
        "teacher_productions": "\n".join(sorted(productions(stated))),
    }
    return {name: digest for name, digest in digests.items() if digest}


def load_teacher(generator: Generator, run: Path) -> None:
    """Give a generator the best weights of a run, scaler and decoder included.

    Raises:
        ValueError: If the run has none, or they are of other networks.
    """
    weights = checkpoint.load(run / checkpoint.BEST)["weights"]
    try:
        generator.load_state_dict(weights)
    except RuntimeError as problem:
        raise ValueError(
            f"the weights of {run} are of other networks than the student's settings say; "
            "give the student the sizes and the calorimeter of its teacher"
        ) from problem
