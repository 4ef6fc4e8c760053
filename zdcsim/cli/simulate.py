"""`zdcsim simulate`: Geant4 showers into a ROOT file."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zdcsim.geometry import Side
from zdcsim.montecarlo.impacts import Impacts
from zdcsim.shower_physics import Grooves, PhysicsList

if TYPE_CHECKING:
    from zdcsim.montecarlo.production import Production
    from zdcsim.response import Responses

OPTIONS_OF = {
    "gun": ("particle", "energy", "x", "y", "spread", "side"),
    "pbpb": ("centrality", "events"),
    "pp14tev": ("optics", "impacts"),
}
"""Options that mean something to one source alone."""


def simulate(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="ROOT file to write; DETECTOR_SOURCE.root if not given.")
    ] = None,
    particles: Annotated[int, typer.Option(min=1, help="Number of different primaries.")] = 10,
    copies: Annotated[int, typer.Option(min=1, help="Independent showers of each primary.")] = 1,
    detector: Annotated[Literal["zn", "zp"], typer.Option(help="Calorimeter.")] = "zn",
    source: Annotated[
        Literal["pp14tev", "pbpb", "gun"],
        typer.Option(
            help="Sibyll 2.3d proton-proton collisions at 14 TeV, spectators of lead-lead "
            "collisions at 2.68 TeV per nucleon, or a particle gun."
        ),
    ] = "pp14tev",
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Same seed, same particles and showers; test samples need one of their own."
        ),
    ] = 1,
    missed: Annotated[
        int, typer.Option(min=0, help="Collisions: also keep this many primaries that miss.")
    ] = 0,
    optics: Annotated[
        Literal["auto", "linear", "neutral"],
        typer.Option(
            help="pp: carry all particles through the magnets, or neutral ones straight; auto is "
            "neutral for the ZN, linear for the ZP."
        ),
    ] = "auto",
    impacts: Annotated[
        Impacts,
        typer.Option(
            help="pp: all primaries that reach the face, or those in rare places only, to train on "
            "beside all: that meet the wall of the groove they enter, or hit near an edge."
        ),
    ] = "all",
    centrality: Annotated[
        tuple[float, float], typer.Option(help="Pb-Pb: range in per cent; 0 is central.")
    ] = (0.0, 100.0),
    events: Annotated[
        int,
        typer.Option(
            min=0, help="Pb-Pb: all spectators of this many collisions, instead of --particles."
        ),
    ] = 0,
    particle: Annotated[
        str,
        typer.Option(
            help="Gun: name or PDG code; of nuclei those up to the alpha, which Geant4 can shoot."
        ),
    ] = "neutron",
    energy: Annotated[float, typer.Option(help="Gun: total energy, GeV.")] = 1000.0,
    x: Annotated[float, typer.Option(help="Gun: impact from the centre of the face, cm.")] = 0.0,
    y: Annotated[float, typer.Option(help="Gun: impact from the centre of the face, cm.")] = 0.0,
    spread: Annotated[
        float, typer.Option(min=0, help="Gun: half width of the square of impacts, cm.")
    ] = 0.08,
    side: Annotated[
        Side, typer.Option(case_sensitive=False, help="Gun: side A (pz > 0) or C.")
    ] = "A",
    physics_list: Annotated[
        PhysicsList,
        typer.Option(
            help="Geant4's list: O2's FTFP_BERT_EMV, or FTFP_BERT, with smaller steps of electrons "
            "and 1.4 to 1.7 times the time."
        ),
    ] = "FTFP_BERT_EMV",
    production_cut: Annotated[float, typer.Option(min=0, help="Geant4 production cut, mm.")] = 0.3,
    absorber_cut: Annotated[
        float, typer.Option(min=0, help="Tracks end below this in the absorber, MeV; 0 = never.")
    ] = 1.0,
    fibre_cut: Annotated[
        float,
        typer.Option(
            min=0,
            help="Tracks end below this in the fibres, MeV: O2's 1, or 0, which follows electrons "
            "down to the threshold of their light. The light is calibrated for FTFP_BERT_EMV with "
            "1 and FTFP_BERT with 0; other cuts than the usual ones are warned of.",
        ),
    ] = 1.0,
    absorber_production_cut: Annotated[
        float,
        typer.Option(
            min=0,
            help="No electrons and photons are made below this in the absorber, MeV; 0 = as "
            "--production-cut says, with a quarter to a third more light.",
        ),
    ] = 1.0,
    grooves: Annotated[
        Grooves,
        typer.Option(
            help="In the square grooves around the fibres: air, as in O2's geometry, or absorber "
            "up to the fibre."
        ),
    ] = "air",
    margin: Annotated[
        int,
        typer.Option(
            min=0,
            help="Shower library: fibres by which the block is wider on each side; 8 allows "
            "shifts by 8 fibres (see convert --reuses).",
        ),
    ] = 0,
    extend: Annotated[
        Path | None,
        typer.Option(
            help="Smaller file of the same settings and seed; its showers are kept, and only the "
            "further particles and copies are simulated. May be --out itself."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an --out that exists and is another.")
    ] = False,
    geant4_data: Annotated[
        Literal["auto", "official", "stand-in"],
        typer.Option(help="Geant4 tables: your official ones, our stand-ins, or what there is."),
    ] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 = one for every core.")] = 0,
    scheduler: Annotated[
        str,
        typer.Option(
            help="local, processes of this machine; local-dask; slurm or htcondor, with --workers "
            "jobs; or a Dask scheduler, tcp://host:8786."
        ),
    ] = "local",
    share: Annotated[
        str | None,
        typer.Option(
            help="Simulate the third of twenty shares only, 3/20, and keep it beside --out; the "
            "command without --share merges them. For arrays of batch jobs: see submit."
        ),
    ] = None,
) -> None:
    """Simulate showers with Geant4 and write them to a ROOT file.

    A run that was killed goes on where it stopped when the same command is given again.

    Example: zdcsim simulate --particles 20 --copies 5 --out zn.root
    """
    from detcore.command_line import check_root
    from zdcsim.geometry import calorimeter
    from zdcsim.montecarlo.collisions import Collisions
    from zdcsim.montecarlo.growth import there
    from zdcsim.montecarlo.gun import Gun
    from zdcsim.montecarlo.production import IDENTIFIERS_PER_SEED, Production, geant4_folder
    from zdcsim.montecarlo.settings import Transport
    from zdcsim.montecarlo.source import Source
    from zdcsim.montecarlo.spectators import Spectators

    _check_options(context, source)
    target = out or Path(f"{detector}_{source}.root")
    check_root(target)
    kind: Gun | Collisions | Spectators
    if source == "gun":
        kind = Gun(particle, energy, x, y, spread, side)
    elif source == "pbpb":
        kind = Spectators(centrality=centrality, events=events)
    else:
        neutral = optics == "neutral" or (optics == "auto" and detector == "zn")
        kind = Collisions(optics="neutral" if neutral else "linear", impacts=impacts)
    whole = source == "pbpb" and events > 0
    production = Production(
        calorimeter=calorimeter(detector),
        source=Source(kind),
        particles=IDENTIFIERS_PER_SEED if whole else particles,
        copies=copies,
        missed=0 if source == "gun" else missed,
        seed=seed,
        transport=Transport(
            physics_list=physics_list,
            fibre_cut_mev=fibre_cut,
            production_cut_mm=production_cut,
            absorber_cut_mev=absorber_cut,
            absorber_production_cut_mev=absorber_production_cut,
        ),
        geant4_data=geant4_folder(geant4_data),
        margin=margin,
        grooves=grooves,
    )
    grows = extend is not None and extend.resolve() == target.resolve()
    if target.exists() and not overwrite and not grows:
        typer.echo(f"{target}: {there(target, production)}")
        return
    if warning := production.warning():
        typer.echo(f"zdcsim: {warning}", err=True)
    said = _simulated(production, target, workers, scheduler, share, extend)
    typer.echo(f"{target}: {said}")


def _check_options(context: typer.Context, source: str) -> None:
    from detcore.command_line import refuse_options

    for owner, names in OPTIONS_OF.items():
        if owner != source:
            refuse_options(context, names, f"--source {owner}, not {source}")
    if source == "gun":
        refuse_options(context, ("missed",), "collisions, not --source gun")


def _simulated(
    production: "Production",
    target: Path,
    workers: int,
    scheduler: str,
    share: str | None,
    extend: Path | None,
) -> str:
    """Simulate all showers, or those of a share; says what was done."""
    from detcore.cluster import Cluster, connected
    from detcore.share import parsed
    from zdcsim.montecarlo.run import run, run_share

    processes = workers or os.cpu_count() or 1
    with ExitStack() as stack:
        where: int | Cluster = processes
        if scheduler != "local":
            where = stack.enter_context(connected(scheduler, processes))
        show = stack.enter_context(_Bar()).show
        if share is None:
            return _described(run(production, target, where, show, extend), production.copies)
        number = run_share(production, target, where, parsed(share), show, extend)
    return f"{number} showers are kept"


def _described(written: "Responses", copies: int) -> str:
    total = written.photon_sum()
    return (
        f"{len(written)} showers of {len(written) // copies} particles, "
        f"{(total == 0).sum()} without light, mean {total.mean():.1f} photo-electrons, "
        f"{written.cpu_seconds.mean():.2f} CPU seconds a shower; Geant4 tables: "
        f"{written.provenance['geant4_data']}"
    )


class _Bar:
    """A progress bar that starts where an interrupted production stopped."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("showers"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._task = self._progress.add_task("showers", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
