"""The model zoo out of the runs of a league: bundles, their judgements and their cards.

python benchmarks/zoo.py --detector zn --runs runs/league --families shower_vae sdi_gan_regressor

A family that was trained and judged by benchmarks/fidelity.py goes to data/ as it was judged there,
if it is small; a larger one is exported with weights stored as float16 or, if it still is large, as
int8, and judged anew, with the same options. Writes the bundle and its card to data/NAME, the
judgement to benchmarks/results/NAME.json and .md, and the checksums of all samples and bundles.
"""

import argparse
import shutil
from pathlib import Path

from trained import SIGNAL, classifier, evaluate, export, run_of, verdict

from detcore.bundle import MANIFEST, replacing_bundle
from detcore.files import sha256, write_text
from zdcsim.evaluation.card import FILE, card
from zdcsim.evaluation.judgement import from_json
from zdcsim.evaluation.wording import write_markdown
from zdcsim.io.bundle import FORMATS, read_manifest

DATA, RESULTS = Path("data"), Path("benchmarks/results")
LARGEST = 1_000_000
"""Bytes of a bundle that is kept as it is."""

FEWER_BITS = ("float16", "int8")

NAMES = {"sdi_gan_regressor": "sdi-gan", "corrvae_kernels": "corrvae"}
"""Families that the zoo calls otherwise than their settings file."""


def zoo_name(config: str, detector: str) -> str:
    """Name in the zoo of a settings file: zn-latent-flow-matching."""
    family = config.removesuffix("_zp")
    return f"{detector}-{NAMES.get(family, family.replace('_', '-'))}"


def small(runs: Path, config: str, seed: int, detector: str) -> tuple[Path, Path]:
    """Bundle and judgement of a run, with weights in fewer bits where the bundle is large."""
    judged = verdict(runs, config, seed)
    bundle = judged.parent / "bundle"
    for weights in FEWER_BITS:
        if sum(path.stat().st_size for path in bundle.iterdir()) <= LARGEST:
            break
        bundle = judged.parent / f"bundle-{weights}"
        judged = judged.with_name(f"judgement-{weights}.json")
        if not (bundle / MANIFEST).exists():
            export(run_of(runs, config, seed), classifier(runs, SIGNAL[detector]), bundle, weights)
    if not judged.exists():
        evaluate(bundle, DATA / f"{detector}_test.root", judged, ["--likeness"])
    return bundle, judged


def take(name: str, bundle: Path, judged: Path) -> None:
    """Put a bundle, its judgement and its card in their places."""
    judgement = from_json(judged.read_text(encoding="utf-8"))
    text = card(name, read_manifest(bundle), judgement)
    with replacing_bundle(DATA / name, FORMATS.values(), [FILE]) as folder:
        shutil.copytree(bundle, folder, dirs_exist_ok=True)
        write_text(folder / FILE, text)
    shutil.copyfile(judged, RESULTS / f"{name}.json")
    write_markdown(RESULTS / f"{name}.md", judgement)


def checksums() -> str:
    """Lines of data/CHECKSUMS: samples and bundles of the calorimeters, cards left out."""
    found = [*DATA.glob("z[np]_*.root"), *DATA.glob("z[np]-*/*")]
    kept = sorted(path for path in found if path.suffix != ".md")
    return "".join(f"{sha256(path)}  {path.as_posix()}\n" for path in kept)


def main() -> None:
    """Take the named families."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=("zn", "zp"), default="zn")
    parser.add_argument("--families", nargs="+", required=True, help="names of settings files")
    parser.add_argument("--seed", type=int, default=1, help="of the training that is taken")
    parser.add_argument("--runs", type=Path, default=Path("runs/league"))
    options = parser.parse_args()
    # All are judged before any file of the repository changes, so that each names a clean commit.
    found = [
        small(options.runs, config, options.seed, options.detector) for config in options.families
    ]
    for config, (bundle, judged) in zip(options.families, found, strict=True):
        name = zoo_name(config, options.detector)
        take(name, bundle, judged)
        print(f"{DATA / name}: {config}, seed {options.seed}")
    write_text(DATA / "CHECKSUMS", checksums())


if __name__ == "__main__":
    main()
