"""Whether what judges a model was kept from its training, as far as checksums tell."""

from collections.abc import Iterable, Mapping

from zdcsim.io.bundle import training_of
from zdcsim.io.lineage import made_of
from zdcsim.response import Responses


def check_held_out(
    reference: Responses, checksum: str, model: Mapping[str, object], name: str
) -> None:
    """Refuse a reference that trained the model: the same file, made of it, or what it was made of.

    Two parts of one source pass, such as the two sides of O2's collisions: they can have different
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


def learnt_from(model: Mapping[str, object]) -> tuple[set[str], set[str]]:
    """Checksums of the files that both networks learnt from, and of what those were made of.

    A student learnt from its teacher's files too.

    Arguments:
        model: Manifest of the model, or provenance of what it generated.
    """
    record = training_of(model)
    data = [record.get(network, {}).get("data", {}) for network in ("generator", "classifier")]
    stated = [each.get(key) for each in data for key in ("sha256", "teacher_data_sha256")]
    sources = [made_of(each.get("provenance", {})) for each in data]
    taught = [each.get("teacher_made_of_sha256") for each in data]
    return _separate([record.get("data_sha256"), *stated]), _separate(taught).union(*sources)


def _separate(stated: Iterable[object]) -> set[str]:
    """Checksums of entries that are missing, or hold one or several with a space between."""
    return {checksum for each in stated if each for checksum in str(each).split()}
