"""`zdcsim generate`: responses from a bundle, in the Monte Carlo's ROOT format."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from zdcsim.geometry import Calorimeter, Side
from zdcsim.response import Responses

if TYPE_CHECKING:
    from zdcsim.cli.tally import Tally
    from zdcsim.generation import Particles
    from zdcsim.montecarlo.gun import Gun
    from zdcsim.optics import Machine

GUN = 1 << 20
"""Child of the seed that draws the gun's places; shards of noise are counted from 0."""
GUN_OPTIONS = ("energy", "x", "y", "spread", "side", "number")


def generate(
    context: typer.Context,
    model: Annotated[
        Path, typer.Option(help="Bundle folder, or a name that `zdcsim models` lists.")
    ],
    out: Annotated[Path, typer.Option(help="ROOT file to write.")],
    particles_from: Annotated[
        Path | None, typer.Option(help="Take every different particle of this Monte Carlo file.")
    ] = None,
    particle: Annotated[
        str | None,
        typer.Option(
            help="Gun: name or PDG code, instead of --particles-from. It aims through the magnets "
            "that the model knows, so that charged particles meet the face."
        ),
    ] = None,
    energy: Annotated[float, typer.Option(help="Gun: total energy, GeV.")] = 1000.0,
    x: Annotated[float, typer.Option(help="Gun: impact from the centre of the face, cm.")] = 0.0,
    y: Annotated[float, typer.Option(help="Gun: impact from the centre of the face, cm.")] = 0.0,
    spread: Annotated[
        float, typer.Option(min=0, help="Gun: half width of the square of impacts, cm.")
    ] = 0.0,
    side: Annotated[
        Side, typer.Option(case_sensitive=False, help="Gun: side A (pz > 0) or C.")
    ] = "A",
    number: Annotated[int, typer.Option("-n", min=1, help="Gun: number of particles.")] = 1000,
    wanted: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            help="Responses with this property: photon_sum=800, center_x=19..21. Repeatable.",
        ),
    ] = None,
    copies: Annotated[int, typer.Option(min=1, help="Responses of every particle.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same responses.")] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an --out that holds showers of Geant4.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Responses computed together.")] = 1000,
    threads: Annotated[int, typer.Option(min=1, help="Threads of ONNX Runtime.")] = 1,
    scheduler: Annotated[
        str,
        typer.Option(
            help="local, this process; local-dask; slurm or htcondor; or a Dask scheduler, "
            "tcp://host:8786."
        ),
    ] = "local",
    workers: Annotated[
        int, typer.Option(min=1, help="Processes of local-dask, jobs of slurm or htcondor.")
    ] = 2,
    share: Annotated[
        str | None,
        typer.Option(
            help="Generate the third of twenty shares only, 3/20, and keep it beside --out; the "
            "command without --share merges them. For arrays of batch jobs: see submit."
        ),
    ] = None,
) -> None:
    """Generate responses and write them as `zdcsim simulate` writes its own.

    Example: zdcsim generate --model bundle --particles-from test.root --copies 20 --out fast.root
    """
    from detcore.cluster import connected
    from detcore.share import parsed as parsed_share
    from zdcsim.cli.tally import Tally, extrapolated
    from zdcsim.generation import shards
    from zdcsim.io.bundle import read_bundle
    from zdcsim.io.response_parts import ResponseParts
    from zdcsim.io.stream import write_blocks
    from zdcsim.io.zoo import found
    from zdcsim.montecarlo.gun import Gun
    from zdcsim.shares import Make, every_shard, generate_share, in_this_process, on_cluster
    from zdcsim.steering import check_possible, parsed

    bounds = parsed(wanted or [])
    if (particles_from is None) == (particle is None):
        raise ValueError("give either --particles-from, a ROOT file, or --particle, for the gun")
    _check_options(context, particles_from is not None, share is not None, scheduler)
    _check_out(out, particles_from, overwrite)
    bundle = read_bundle(found(model), threads)
    check_possible(bounds, bundle.calorimeter)
    if particles_from is not None:
        chosen = of_file(particles_from, bundle.calorimeter)
    else:
        gun = Gun(str(particle), energy, x, y, spread, side)
        chosen = of_gun(gun, number, seed, bundle.calorimeter, bundle.machine)
    chosen = chosen.repeated(copies)
    shared = shards(bundle, chosen, seed, batch_size, threads, bounds)
    if share is not None:
        kept = sum(map(len, generate_share(shared, out, parsed_share(share))))
        typer.echo(f"share {share} of {out}: {kept} responses are kept")
        return
    tally = Tally(bounds)
    with ExitStack() as stack:
        make: Make = partial(in_this_process, bundle)
        if scheduler != "local":
            make = partial(on_cluster, stack.enter_context(connected(scheduler, workers)))
        write_blocks(out, with_progress(every_shard(shared, out, make), len(chosen), tally))
    ResponseParts.beside(out).remove()
    typer.echo(
        f"{out}: {len(chosen)} responses of {len(chosen) // copies} particles, {tally.dark} "
        "without light"
    )
    of_training = extrapolated(chosen.conditions, bundle.generator_scales)
    for sentence in [*of_training, *tally.sentences()]:
        typer.echo(sentence)


def _check_out(out: Path, particles_from: Path | None, overwrite: bool) -> None:
    from detcore.command_line import check_root
    from zdcsim.io.own_file import check_replaceable

    check_root(out)
    if particles_from is not None and out.resolve() == particles_from.resolve():
        raise ValueError(f"--out {out} is the file that the particles come from; choose another")
    if not overwrite:
        check_replaceable(out)


def _check_options(context: typer.Context, of_a_file: bool, shared: bool, scheduler: str) -> None:
    from detcore.cluster import JOB_QUEUES, LOCAL_DASK
    from detcore.command_line import refuse_options

    if of_a_file:
        refuse_options(context, GUN_OPTIONS, "--particle, the gun, not --particles-from")
    if shared:
        refuse_options(context, ("scheduler", "workers"), "all shares at once, not --share")
    started = (LOCAL_DASK, *JOB_QUEUES)
    if scheduler not in started:
        refuse_options(context, ("workers",), f"--scheduler {', '.join(started)}, not {scheduler}")


def of_file(path: Path, calorimeter: Calorimeter) -> "Particles":
    """Every different particle of a Monte Carlo file, in the order of the file."""
    import numpy as np

    from zdcsim.generation import Particles
    from zdcsim.io.own_file import read

    sample = read(path)
    if sample.calorimeter != calorimeter:
        raise ValueError(
            f"{path} holds responses of {sample.calorimeter.name} and the bundle generates "
            f"{calorimeter.name}; both must be of one calorimeter"
        )
    _, first = np.unique(sample.particle, return_index=True)
    rows = np.sort(first)
    return Particles(sample.particle[rows], sample.pdg[rows], sample.conditions[rows])


def of_gun(
    gun: "Gun", number: int, seed: int, calorimeter: Calorimeter, machine: "Machine | None" = None
) -> "Particles":
    """The particles of a gun, numbered from 0, aimed through the magnets if there are any."""
    import numpy as np

    from zdcsim.generation import Particles

    # Another stream than that of the noise, which has the same seed.
    places = np.random.SeedSequence(seed, spawn_key=(GUN,)).generate_state(1)
    shot = gun.primaries(number, calorimeter, int(places[0]), machine)
    return Particles(np.arange(number), shot.pdg, shot.conditions)


def with_progress(blocks: Iterable[Responses], total: int, tally: "Tally") -> Iterator[Responses]:
    """The blocks, counted, with a bar on the error stream."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("generating", total=total)
        for block in blocks:
            yield block
            tally.add(block)
            progress.advance(task, len(block))
