"""The training store: what is written is read, batches are those of memory, bad files are named."""

import errno
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from toys import toy_missed, toy_responses

from detcore import checkpoint, config
from zdcsim.geometry import ZN, ZP, Calorimeter
from zdcsim.io import store, tree
from zdcsim.io.block import Block
from zdcsim.io.held import Held, opened_sample, opened_samples, read_missed
from zdcsim.response import Responses, joined, sparse
from zdcsim.sample.batches import ResponseBatches
from zdcsim.sample.diversity import diversity_weights
from zdcsim.sample.split import split
from zdcsim.training import load_experiment, run, train

CONFIG = Path(__file__).parents[2] / "configs" / "zdcsim" / "sdi_gan.yaml"
ARRAYS = ("particle", "pdg", "conditions", "offsets", "pixels", "counts", "cpu_seconds")


def with_dark(responses: Responses) -> Responses:
    """The same responses, every third one without light."""
    images = responses.dense()
    images[::3] = 0
    offsets, pixels, counts = sparse(images)
    changed = {"offsets": offsets, "pixels": pixels, "counts": counts}
    return Responses(**{**responses.__dict__, **changed})


def written(path: Path, responses: Responses, rows: int = 7) -> Path:
    """The store of those responses, written in blocks of some rows, with two missed primaries."""
    missed = toy_missed(22, 211)
    parts = [
        responses.select(np.arange(start, min(start + rows, len(responses))))
        for start in range(0, len(responses), rows)
    ]
    blocks = [Block(part, *missed) if part is parts[0] else Block(part) for part in parts]
    assert store.write_blocks(path, blocks) == len(responses)
    return path


@pytest.mark.parametrize("calorimeter", [ZN, ZP], ids=["zn", "zp"])
def test_round_trip(tmp_path: Path, calorimeter: Calorimeter) -> None:
    responses = with_dark(toy_responses(particles=8, copies=3, calorimeter=calorimeter))
    path = written(tmp_path / "toy.h5", responses)
    found = store.read(path)
    for name in ARRAYS:
        assert np.array_equal(getattr(found, name), getattr(responses, name)), name
        assert getattr(found, name).dtype == getattr(responses, name).dtype, name
    assert found.calorimeter == responses.calorimeter
    assert found.provenance == {"data_kind": "toy"}
    pdg, conditions = read_missed([path])
    assert pdg.tolist() == [22, 211]
    assert conditions.shape == (2, 9)


def test_blocks_give_the_store_back(tmp_path: Path) -> None:
    responses = with_dark(toy_responses(particles=5, copies=4))
    blocks = list(store.blocks(written(tmp_path / "toy.h5", responses), rows=6))
    assert [len(block.responses) for block in blocks] == [6, 6, 6, 2, 0]
    assert [len(block.missed_pdg) for block in blocks] == [0, 0, 0, 0, 2]
    images = np.concatenate([block.responses.dense() for block in blocks])
    assert np.array_equal(images, responses.dense())


def test_missed_primaries_are_read_one_step_after_the_other(tmp_path: Path) -> None:
    responses, path = toy_responses(particles=2, copies=1), tmp_path / "toy.h5"
    missed = toy_missed(*[22] * 18)
    store.write_blocks(path, [Block(responses, *missed, np.arange(2))])
    assert store.write_blocks(tmp_path / "again.h5", store.blocks(path, rows=7)) == 2
    for read in (path, tmp_path / "again.h5"):
        codes, conditions = store.read_missed(read)
        assert np.array_equal(codes, missed[0]) and np.array_equal(conditions, missed[1])
    with h5py.File(path, "r+") as file:
        file["missed_conditions"][15, 1] = np.nan
    reading = store.blocks(path, rows=7)
    sizes = [(len(b.responses), len(b.missed_pdg)) for b in (next(reading) for _ in range(3))]
    assert sizes == [(2, 0), (0, 7), (0, 7)]
    with pytest.raises(ValueError, match="missed primaries, particle 15: condition vx is nan"):
        next(reading)


def test_rows_are_drawn_from_disk_in_any_order(tmp_path: Path, rng: np.random.Generator) -> None:
    responses = with_dark(toy_responses(particles=20, copies=3))
    with store.open_store(written(tmp_path / "toy.h5", responses)) as stored:
        for rows in (rng.integers(60, size=100), np.array([4, 5, 6, 6, 5, 59, 0]), np.arange(0)):
            assert np.array_equal(stored.dense(rows), responses.dense(rows))
        assert np.array_equal(stored.dense(slice(3, 9)), responses.dense(slice(3, 9)))
        some = responses.photon_sum() > 50
        assert np.array_equal(stored.select(some).dense(), responses.select(some).dense())
        assert np.array_equal(stored.photon_sum(), responses.photon_sum())
        assert np.array_equal(stored.select(some).in_memory().pixels, responses.select(some).pixels)


@pytest.mark.parametrize("held", ["memory", "disk"])
def test_batches_are_those_of_the_root_file(tmp_path: Path, held: Held) -> None:
    responses = with_dark(toy_responses(particles=12, copies=4))
    root, path = tmp_path / "toy.root", written(tmp_path / "toy.h5", responses)
    tree.write(root, responses)
    with opened_sample(root) as expected, opened_sample(path, held) as found:
        train, validation = split(expected, 0.3, 5)
        stored_train, stored_validation = split(found, 0.3, 5)
        assert np.array_equal(stored_validation.conditions, validation.conditions)
        assert np.array_equal(diversity_weights(stored_train), diversity_weights(train))
        batches, stored = (ResponseBatches(s, 16, 3, 10, True) for s in (train, stored_train))
        for step in (0, 1, 1000, 7):
            a, b = batches(step), stored(step)
            for name in a.__dataclass_fields__:
                assert getattr(a, name).equal(getattr(b, name)), (step, name)


def test_a_draw_reads_only_its_own_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    responses = toy_responses(particles=20, copies=2)
    with store.open_store(written(tmp_path / "toy.h5", responses)) as stored:
        lengths, asked = stored.lengths, []
        original = h5py.Dataset.read_direct

        def counted(self: Any, target: Any, source: slice, to: slice) -> None:  # noqa: ANN401
            asked.append(source.stop - source.start)
            original(self, target, source, to)

        monkeypatch.setattr(h5py.Dataset, "read_direct", counted)
        stored.dense(np.array([3, 30]))
    assert sum(asked) == 2 * (lengths[3] + lengths[30])


SMALL = ["training.steps=6", "training.checkpoint_every=2", "training.validate_every=3",
         "training.batch=8", "training.device=cpu", "tracking.enabled=false",
         "validation_draws=1", "generator.hidden=8", "generator.widths=[4, 4, 4]",
         "discriminator.hidden=8", "discriminator.widths=[4, 4, 4]"]  # fmt: skip


def test_training_goes_on_exactly_from_disk_to_memory(tmp_path: Path) -> None:
    responses = toy_responses(particles=12, copies=3)
    root, path = tmp_path / "toy.root", written(tmp_path / "toy.h5", responses)
    tree.write(root, responses)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run(load_experiment(CONFIG, [*SMALL, f"data.train={root}"]), tmp_path / "root", False)
        for steps, held in ((3, "disk"), (6, "memory")):
            changed = [f"data.train={path}", f"data.held={held}", f"training.steps={steps}"]
            run(load_experiment(CONFIG, [*SMALL, *changed]), tmp_path / "store", True)
    finally:
        torch.set_num_threads(threads)
    root_log, store_log = (tmp_path / name / checkpoint.METRICS for name in ("root", "store"))
    assert store_log.read_text() == root_log.read_text()


def test_root_cannot_stay_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "toy.root"
    tree.write(path, toy_responses(particles=2, copies=2))
    message = "is not a training store, whose fibres could stay on disk"
    with pytest.raises(ValueError, match=message), opened_sample(path, "disk"):
        pass


def test_several_files_are_one_sample(tmp_path: Path) -> None:
    samples = [toy_responses(3, copies=2), toy_responses(3, copies=1), toy_responses(2, 1, seed=2)]
    paths = [tmp_path / "first.root", tmp_path / "second.h5", tmp_path / "third.root"]
    tree.write(paths[0], samples[0], toy_missed(2112))
    written(paths[1], samples[1])
    tree.write(paths[2], samples[2])
    with opened_samples(paths) as found:
        assert np.array_equal(found.dense(), np.concatenate([each.dense() for each in samples]))
        assert np.array_equal(found.conditions[9:], samples[2].conditions)
        # The second file has the particles of the first: more copies, no more particles.
        assert found.particle.tolist() == [0, 0, 1, 1, 2, 2, 0, 1, 2, 3, 4]
    pdg, conditions = read_missed(paths)
    assert pdg.tolist() == [2112, 22, 211]
    assert conditions[:, 0].tolist() == [0, 0, 9]


def test_files_of_two_calorimeters_or_beams_are_not_one_sample(tmp_path: Path) -> None:
    ways = {
        "zn": toy_responses(2, 2),
        "zp": toy_responses(2, 2, calorimeter=ZP),
        "pp": toy_responses(2, 2, calorimeter=ZP),
        "gun": toy_responses(2, 2, calorimeter=ZP),
    }
    sources = {"pp": {"name": "pp14tev", "beam_momentum_gev": 7000.0}, "gun": {"name": "gun"}}
    for name, source in sources.items():
        ways[name] = replace(ways[name], provenance={**ways[name].provenance, "source": source})
    paths = {name: tmp_path / f"{name}.root" for name in ways}
    for name, responses in ways.items():
        tree.write(paths[name], responses)
    for pair, said in {
        ("zn", "zp"): "calorimeter 'ZP, 56 x 30', but",
        ("zp", "zn"): "calorimeter 'ZN, 44 x 44', but",
        ("pp", "gun"): "beam_momentum_gev None, but",
        ("gun", "pp"): r"beam_momentum_gev 7000\.0, but",
    }.items():
        both = [paths[name] for name in pair]
        with pytest.raises(ValueError, match=said), opened_samples(both):
            pass
    with pytest.raises(ValueError, match="ZN, 44 x 44 and ZP, 56 x 30 cannot be joined"):
        joined([ways["zn"], ways["zp"]])


def test_a_beam_that_is_not_the_files_is_refused(tmp_path: Path) -> None:
    source = {"name": "pbpb", "beam_momentum_gev": 6798.0}
    lead = toy_responses(8, 2, calorimeter=ZP)
    lead = replace(lead, provenance={**lead.provenance, "source": source})
    settings = load_experiment(
        CONFIG.parent / "gan_zp.yaml", ["tracking.enabled=false", "training.steps=1"]
    )
    with pytest.raises(ValueError, match=r"beam of 6798\.0 GeV/c, but .* is 7000\.0; set it to 67"):
        train(settings, lead, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_several_files_cannot_stay_on_disk(tmp_path: Path) -> None:
    path = written(tmp_path / "toy.h5", toy_responses(particles=2, copies=2))
    message = "2 files cannot stay on disk together; join them"
    with pytest.raises(ValueError, match=message), opened_samples([path, path], "disk"):
        pass


def test_a_training_names_one_file_or_several(tmp_path: Path) -> None:
    for text, files in (("a.root", ["a.root"]), ("[a.root, b.h5]", ["a.root", "b.h5"])):
        named = load_experiment(CONFIG, [f"data.train={text}"])
        assert [str(path) for path in named.data.files] == files
        config.dump(named, tmp_path / "config.yaml")
        assert load_experiment(tmp_path / "config.yaml") == named
    for text, problem in (
        ("[]", r"data\.train\.several is \[\]: .*at least 1 item"),
        ("[a.root, 3]", r"data\.train\.several\.1 is 3: .*string"),
        ("3", r"data\.train\.one is 3: .*string"),
    ):
        with pytest.raises(ValueError, match=problem):
            load_experiment(CONFIG, [f"data.train={text}"])


def spoiled(change: Callable[[Any], None]) -> Callable[[Path], None]:
    """A way to spoil a file through h5py."""

    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)

    return spoil


def other_version(file: Any) -> None:  # noqa: ANN401
    file.attrs["version"] = 9


def nan_condition(file: Any) -> None:  # noqa: ANN401
    file["conditions"][2, 4] = np.nan


def fewer_pixels(file: Any) -> None:  # noqa: ANN401
    file["pixels"].resize(5, axis=0)


def of_rows(name: str, row: int | tuple[int, int], value: float) -> Callable[[Path], None]:
    """A way to spoil one number of a dataset."""

    def change(file: Any) -> None:  # noqa: ANN401
        file[name][row] = value

    return spoiled(change)


def without(name: str) -> Callable[[Path], None]:
    """A way to spoil a file: a dataset is missing."""

    def change(file: Any) -> None:  # noqa: ANN401
        del file[name]

    return spoiled(change)


def shorter(name: str) -> Callable[[Path], None]:
    """A way to spoil a file: a dataset has five rows."""

    def change(file: Any) -> None:  # noqa: ANN401
        file[name].resize(5, axis=0)

    return spoiled(change)


def negative_length(file: Any) -> None:  # noqa: ANN401
    first, second = file["length"][:2].tolist()
    file["length"][:2] = [-1, first + second + 1]


def other_calorimeter(file: Any) -> None:  # noqa: ANN401
    file.attrs["calorimeter"] = "ZEM"


def described(text: str) -> Callable[[Path], None]:
    """A way to spoil a file: it says this of how it was made."""

    def change(file: Any) -> None:  # noqa: ANN401
        file.attrs["provenance"] = text

    return spoiled(change)


def damaged(path: Path) -> None:
    """Overwrite the first compressed pixels, which only a read of them notices."""
    with h5py.File(path) as file:
        chunk = file["pixels"].id.get_chunk_info(0)
    with path.open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(bytes(chunk.size))


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:3000]), "may be truncated"),
    "text": (lambda path: path.write_text("x"), "is not a complete HDF5 file"),
    "chunk": (damaged, "toy.h5 is not a complete HDF5 file; it may be truncated"),
    "version": (spoiled(other_version), "it is 'zdcsim training store' of version 9"),
    "nan": (spoiled(nan_condition), "particle 2: condition px is nan"),
    "pixels": (spoiled(fewer_pixels), "holds 5 pixels but its responses claim"),
    "code": (of_rows("pdg", 1, 9900999), "the PDG tables have no particle 9900999"),
    "fibre": (of_rows("pixels", 40, 1936), "photo-electrons in fibre 1936; expected a positive"),
    "place": (of_rows("pixels", 40, 1936), "toy.h5, entry 40 of pixels"),
    "count": (of_rows("counts", 3, 0), "entry 3 of pixels: 0 photo-electrons in fibre"),
    "sum": (of_rows("photon_sum", 2, 1), "of particle 1: photon_sum is 1 but its fibres hold"),
    "length": (spoiled(negative_length), "pixels but its responses claim"),
    "dataset": (without("conditions"), "lacks the dataset conditions; found"),
    "shape": (shorter("pdg"), "the dataset pdg has shape (5,), expected (6,)"),
    "calorimeter": (spoiled(other_calorimeter), "is of calorimeter 'ZEM'; expected one of ZN, ZP"),
    "provenance": (described("{'made': 1}"), "toy.h5 is not JSON: Expecting property name"),
    "list": (described("[1]"), "toy.h5 must be a JSON object; found '[1]'"),
}

BAD_MISSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (of_rows("missed_pdg", 1, 9900999), "missed primaries: the PDG tables have no"),
    "nan": (of_rows("missed_conditions", (1, 4), np.nan), "primaries, particle 1: condition px"),
    "dataset": (without("missed_pdg"), "lacks the dataset missed_pdg; found"),
    "shape": (shorter("missed_conditions"), "missed_conditions has shape (5, 9), expected (2, 9)"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_store_is_named_for_what_it_is(tmp_path: Path, fault: str) -> None:
    path = written(tmp_path / "toy.h5", toy_responses(particles=3, copies=2))
    spoil, message = BAD[fault]
    spoil(path)
    with pytest.raises(ValueError, match=re.escape(message)):
        store.read(path)


@pytest.mark.parametrize("fault", BAD_MISSED)
def test_bad_missed_primaries_of_a_store_are_named(tmp_path: Path, fault: str) -> None:
    path = written(tmp_path / "toy.h5", toy_responses(particles=3, copies=2))
    spoil, message = BAD_MISSED[fault]
    spoil(path)
    for read in (store.read_missed, lambda path: list(store.blocks(path))):
        with pytest.raises(ValueError, match=re.escape(message)):
            read(path)


def test_a_fibre_outside_is_named_when_a_batch_draws_it(tmp_path: Path) -> None:
    path = written(tmp_path / "toy.h5", toy_responses(particles=6, copies=2))
    with store.open_store(path) as stored:
        at = int(stored.starts[7]) + 2
    of_rows("pixels", at, 2000)(path)
    with store.open_store(path) as stored:
        stored.dense(np.array([3, 9]))
        with pytest.raises(ValueError, match=f"entry {at} of pixels: .* in fibre 2000"):
            stored.dense(np.array([9, 3, 7]))


def test_an_absent_or_empty_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="zdcsim convert"):
        store.read(tmp_path / "absent.h5")
    with pytest.raises(ValueError, match="no responses to write"):
        store.write_blocks(tmp_path / "empty.h5", [])
    two = [Block(toy_responses(2, 1)), Block(toy_responses(2, 1, calorimeter=ZP))]
    with pytest.raises(ValueError, match="responses of two calorimeters"):
        store.write_blocks(tmp_path / "two.h5", two)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "Permission denied$"),
        (errno.EAGAIN, "Resource temporarily unavailable; another process writes it$"),
    ],
)
def test_a_store_that_may_not_be_read_is_not_called_truncated(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "toy.h5", toy_responses(particles=3, copies=2))
    with pytest.raises(OSError, match="No space left"), store.open_store(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    def refused(*arguments: object) -> None:
        raise OSError(number, "Unable to synchronously open file (unable to lock or open it)")

    monkeypatch.setattr(h5py, "File", refused)
    with pytest.raises(ValueError, match=f"toy.h5 cannot be read: {said}"):
        store.read(path)
