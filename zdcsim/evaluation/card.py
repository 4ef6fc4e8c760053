"""The card of a model: what it is for, what made it, how good it is, and where it ends.

Everything comes from the bundle's manifest and from a judgement; nothing is typed by hand, so a
card is true of the bundle that it lies in.

M. Mitchell et al., https://arxiv.org/abs/1810.03993.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from zdcsim.evaluation.judgement import Judgement, physics_tables, trained_on
from zdcsim.evaluation.wording import judged_parts
from zdcsim.io.bundle import settings_of
from zdcsim.shower_physics import physics_of

FILE = "MODEL_CARD.md"
"""Where a bundle's folder has it."""

MEAN_CHANNEL = re.compile(r"^\| mean channel, .*", re.MULTILINE)
NOT_JUDGED = (
    "Not judged: `zdcsim evaluate --model {name} --json judgement.json`, then "
    "`zdcsim models --card {name} --judgement judgement.json`."
)


def card(name: str, manifest: Mapping[str, Any], judgement: Judgement | None = None) -> str:
    """The card as Markdown.

    Arguments:
        name: Of the model, or its folder.
        manifest: Of its bundle.
        judgement: Of this very bundle; None if there is none.

    Raises:
        ValueError: If the judgement is of another bundle.
    """
    if judgement is not None and judgement.model.get("files") != manifest["files"]:
        raise ValueError(
            f"the judgement is not of the bundle {name}: its files differ; judge it again"
        )
    measured = [NOT_JUDGED.format(name=name)] if judgement is None else judged_parts(judgement)
    parts = [
        f"# {name}",
        _summary(manifest),
        *("## Use", _use(name, manifest)),
        *("## Data", _data(manifest)),
        *("## Training", _training(manifest)),
        *("## Judgement", *measured),
        *("## Limits", _limits(manifest)),
    ]
    return "\n\n".join(parts) + "\n"


def over_floor(text: str) -> str:
    """Mean channel distance over its floor ± for another draw of particles, as a card has it.

    Arguments:
        text: The card; one without a judgement gives an empty text.
    """
    row = MEAN_CHANNEL.search(text)
    if row is None:
        return ""
    _, _, _, ratio, *drawn = (cell.strip() for cell in row.group().strip("| ").split("|"))
    return f"{ratio.split(' ')[0]} {drawn[0]}" if drawn else ratio


def _summary(manifest: Mapping[str, Any]) -> str:
    size = sum(about["bytes"] for about in manifest["files"].values())
    learnt = _record(manifest).get("trained", {}).get("numbers")
    numbers = f", {learnt:,} learnt numbers" if learnt else ""
    return (
        f"{manifest['format']}: responses of the {manifest['calorimeter']} from the nine "
        f"conditions of a particle and {manifest['generator']['noise'].split(':')[0]}. Family "
        f"{settings_of(manifest).get('family', 'not stated')}{numbers}; {size / 1000:,.0f} kB, "
        f"weights as {manifest.get('weights', 'float32')}. Licence "
        f"{manifest.get('licence', 'not stated')}."
    )


def _use(name: str, manifest: Mapping[str, Any]) -> str:
    lines = [f"    zdcsim generate --model {name} --particles-from MC.root --out generated.root"]
    if options := manifest.get("o2_sim_configKeyValues"):
        lines += ["", "In O2, with `ZDCSIM_BUNDLE` the folder:", ""]
        lines += [f'    o2-sim ... --configKeyValues "{options}"']
    return "\n".join(lines)


def _data(manifest: Mapping[str, Any]) -> str:
    training = manifest.get("training", {})
    data = _record(manifest).get("data", {})
    made, rows = trained_on(manifest), data.get("responses", {})
    return listed(
        {
            "sample": f"{training.get('data_kind', 'not stated')}, sha256 "
            f"{', '.join(each[:12] for each in str(training.get('data_sha256')).split())}",
            "Monte Carlo": f"{made.get('geant4', 'not stated')}, "
            f"{physics_tables({**made, **training})}, source {_source(made, generator=True)}",
            "particles": made.get("particles"),
            "copies of each": made.get("copies"),
            "responses that trained": rows.get("training"),
            "responses that chose the weights": rows.get("validation"),
        }
    )


def _training(manifest: Mapping[str, Any]) -> str:
    record = _record(manifest)
    trained = record.get("trained", {})
    told = {
        "commit": record.get("commit"),
        "resumed": _resumed(record),
        "steps": trained.get("steps"),
        "best validation at step": trained.get("best_step"),
        "minutes": trained.get("minutes"),
        "machine": record.get("machine"),
    }
    settings = {
        key: value
        for key, value in settings_of(manifest).items()
        if key not in ("tracking", "family")
    }
    text = yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=96)
    return f"{listed(told)}\n\n```yaml\n{text}```"


def _resumed(record: Mapping[str, Any]) -> str | None:
    """From which steps a training went on, and at which commits."""
    resumes = record.get("resumes", ())
    told = (f"after step {each['step']} at commit {each['commit']}" for each in resumes)
    return ", ".join(told) or None


def _limits(manifest: Mapping[str, Any]) -> str:
    made = trained_on(manifest)
    particles = made.get("particles", "an unknown number of")
    lines = [
        f"- Trained by the showers of {particles} particles of the source "
        f"{_source(made)}: energies, species and places that it does not give are extrapolated.",
        "- A response of one fibre is cut at "
        f"{manifest['generator']['maximum_photons_per_fibre']:,} photo-electrons.",
    ]
    if beam := settings_of(manifest).get("data", {}).get("beam_momentum_gev"):
        lines.append(
            "- Its graph holds the magnets up to the face, set for a beam of "
            f"{beam:,.0f} GeV/c over charge; for another beam it must be trained anew."
        )
    if manifest.get("training", {}).get("geant4_data") == "stand-in":
        lines.insert(
            0,
            "- The Geant4 tables of its data are stand-ins made from published formulas: light and "
            "shower shapes may differ by some per cent from those of the official data sets.",
        )
    if (physics := physics_of(made)) and (differs := physics.unlike_o2()):
        lines.insert(
            0,
            f"- Its showers are not those of O2's Geant4: {differs}. Good for trying out how O2 "
            "takes it, not for physics.",
        )
    return "\n".join(lines)


def _source(made: Mapping[str, Any], *, generator: bool = False) -> str:
    """Where the primaries came from: of our samples a name, of others what was read."""
    source = made.get("source", {})
    if not isinstance(source, Mapping):
        return str(source)
    more = f" ({source['generator']})" if generator and "generator" in source else ""
    return f"{source.get('name', 'not stated')}{more}"


def listed(values: Mapping[str, object]) -> str:
    """What is known, one line each."""
    return "\n".join(f"- {key}: {value}" for key, value in values.items() if value is not None)


def _record(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = manifest.get("training", {}).get("generator", {})
    return found
