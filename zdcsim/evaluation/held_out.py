"""Whether what judges a model was kept from its training, as far as files say what they are."""

from collections.abc import Iterable, Mapping
from typing import Any

from zdcsim.io.bundle import training_of
from zdcsim.io.lineage import made_of, productions
from zdcsim.response import Responses


def check_held_out(
    reference: Responses, checksum: str, model: Mapping[str, object], name: str
) -> None:
    """Refuse a reference that trained the model: the same file, made of it, or what it was made of.

    So is one of the same production, which has the same particles, be it smaller or larger. Two
    parts of one source pass, such as the two sides of O2's collisions: they can have different
    particles.

    Arguments:
        reference: The Monte Carlo.
        checksum: SHA-256 of its file.
        model: Manifest of the model, or provenance of what it generated.
        name: Of the model, for the message.

    Raises:
        ValueError: If it trained the model.
    """
    trained, sources = learnt_from(model)
    if checksum in trained | sources or trained & made_of(reference.provenance):
        raise ValueError(
            f"the reference holds what {name} was trained on; judge it on particles that it has "
            "not seen"
        )
    if learnt_productions(model) & productions(reference.provenance):
        raise ValueError(
            f"the reference holds particles that {name} was trained on, of the same source and "
            "seed; judge it on a sample that was simulated with another --seed"
        )


def learnt_from(model: Mapping[str, object]) -> tuple[set[str], set[str]]:
    """Checksums of the files that both networks learnt from, and of what those were made of.

    A student learnt from its teacher's files too.

    Arguments:
        model: Manifest of the model, or provenance of what it generated.
    """
    data = _data_of(model)
    stated = [each.get(key) for each in data for key in ("sha256", "teacher_data_sha256")]
    sources = [made_of(each.get("provenance", {})) for each in data]
    taught = [each.get("teacher_made_of_sha256") for each in data]
    files = _separate([training_of(model).get("data_sha256"), *stated])
    return files, _separate(taught).union(*sources)


def learnt_productions(model: Mapping[str, object]) -> set[str]:
    """Productions of the showers that both networks learnt from, and the student's teacher.

    Arguments:
        model: Manifest of the model, or provenance of what it generated.
    """
    found: set[str] = set()
    for data in _data_of(model):
        found |= productions(data.get("provenance", {}))
        found |= set(str(data.get("teacher_productions", "")).splitlines())
    return found


def _data_of(model: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """What a model says of the data of both its networks."""
    record = training_of(model)
    return [record.get(network, {}).get("data", {}) for network in ("generator", "classifier")]


def _separate(stated: Iterable[object]) -> set[str]:
    """Checksums of entries that are missing, or hold one or several with a space between."""
    return {checksum for each in stated if each for checksum in str(each).split()}
