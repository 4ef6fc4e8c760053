"""Which tracks of a sample may judge a classifier: none of those that it learned from.

Axis key: N tracks.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pid.io.producer import NO_EVENTS
from pid.sample.split import Split, split
from pid.tracks import Tracks

PROVENANCE = "provenance"
DIVISION: Mapping[str, Any] = {"data": {"validation": 0.16, "test": 0.2}, "split_seed": 1}
"""How a sample is divided for a classifier that tells no division."""


@dataclass(frozen=True)
class Division:
    """A sample divided for judging.

    Arguments:
        judged: Tracks that no classifier and no cut has seen.
        priors: Tracks that abundances may be taken from.
        validation: Tracks that thresholds may be chosen on.
        held_out: Why `judged` is fair, in words.
    """

    judged: Tracks
    priors: Tracks
    validation: Tracks
    held_out: str


def first_run(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the training says of itself in a bundle's manifest; of averaged runs the first."""
    record: Mapping[str, Any] = manifest.get("training", {})
    if not record or "settings" in record:
        return record
    return next((run for run in record.values() if isinstance(run, Mapping)), {})


def split_of(tracks: Tracks, manifest: Mapping[str, Any]) -> Split:
    """The split of a sample that the training of a bundle used, or would have."""
    settings = first_run(manifest).get("settings", DIVISION)
    data = settings["data"]
    return split(tracks, data["validation"], data["test"], settings["split_seed"])


def held_out(
    tracks: Tracks, manifest: Mapping[str, Any], sha256: str | None = None
) -> tuple[Tracks, str]:
    """The tracks that did not teach the classifier of a bundle, and why, in words.

    Those of the test events if it was trained on this very sample, else all.

    Arguments:
        tracks: The sample.
        manifest: Of the bundle.
        sha256: Of the sample's file; None: unknown.

    Raises:
        ValueError: If the sample was simulated with the seed of the training, so that it may hold
            the same collisions.
    """
    if trained_on(tracks, manifest, sha256):
        test = split_of(tracks, manifest).test
        words = "test events, which neither trained nor validated"
        if tracks.provenance.get("event") == NO_EVENTS:
            words = "test tracks of collisions that may have trained (no fIndexCollisions)"
        return tracks.select(test), words
    return tracks, "all tracks, none of the sample that trained"


def divided(tracks: Tracks, manifest: Mapping[str, Any], sha256: str | None = None) -> Division:
    """Tracks to judge bundles and cuts on, and others that the cuts may be fitted to.

    On the sample that trained, the division is that of the training. On another one, cuts get the
    validation and test events and all are judged on the rest. Arguments as `held_out`.

    Raises:
        ValueError: As `held_out`.
    """
    judged, words = held_out(tracks, manifest, sha256)
    parts = split_of(tracks, manifest)
    if len(judged) < len(tracks):
        train, validation = tracks.select(parts.train), tracks.select(parts.validation)
        return Division(judged, train, validation, words)
    fitted = tracks.select(parts.validation | parts.test)
    rest = "events that neither trained nor served to fit the cuts"
    return Division(tracks.select(parts.train), fitted, fitted, rest)


def digest(manifest: Mapping[str, Any]) -> str | None:
    """SHA-256 of the file that a bundle was trained on; None if it was not recorded."""
    found = first_run(manifest).get("data", {}).get("sha256")
    return None if found is None else str(found)


def trained_on(tracks: Tracks, manifest: Mapping[str, Any], sha256: str | None = None) -> bool:
    """Whether the bundle was trained on this sample; arguments as `held_out`.

    The same file is known by its digest, whatever its name; another form of the same simulation by
    what both say of their origin. Names are compared only where neither is known.

    Raises:
        ValueError: As `held_out`.
    """
    known = sha256 is not None and digest(manifest) is not None
    if known and sha256 == digest(manifest):
        return True
    origin = first_run(manifest).get("data", {}).get(PROVENANCE, {})
    ours, theirs = tracks.provenance, dict(origin)
    if ours.get(PROVENANCE) or theirs.get(PROVENANCE):
        if ours.get(PROVENANCE) == theirs.get(PROVENANCE):
            return True
        seeds = [_seed(each.get(PROVENANCE)) for each in (ours, theirs)]
        if seeds[0] is not None and seeds[0] == seeds[1]:
            raise ValueError(
                f"{ours.get('file', 'the sample')} has seed {seeds[0]}, as the training sample: "
                "the same collisions may be in both; judge a sample of another seed"
            )
        return False
    return not known and bool(ours.get("file")) and ours.get("file") == theirs.get("file")


def _seed(record: str | None) -> int | None:
    """Seed of a simulation by its provenance, None if that tells none."""
    try:
        found = json.loads(record or "{}")
    except json.JSONDecodeError:
        return None
    seed = found.get("seed") if isinstance(found, dict) else None
    return int(seed) if isinstance(seed, int | np.integer) else None
