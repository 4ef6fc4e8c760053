"""A neutron and a proton generator together, as O2 calls them for every primary at its vertex.

O2 asks one classifier, and runs both generators for whoever passes. So the classifier of a
deployment says yes to what leaves light in either calorimeter, and each generator is dark for what
leaves none in its own; it is not computed then. O2's primaries start at the vertex, while a bundle
speaks of particles that reach the face: whether one that decays lives so long is drawn in the
graphs (`zdcsim.models.survival`).

All three take the conditions as they are; the scales files say mean 0 and scale 1.

Axis key: N particles, Z noise numbers, Nx by Ny fibres.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, compose, helper, numpy_helper

from detcore.bundle import MANIFEST, described, replacing_bundle
from detcore.files import write_text
from detcore.graph import OPSET, save
from detcore.provenance import provenance as made_by
from zdcsim.conditions import CHARGE, ENERGY, MASS, NAMES, PX, PZ
from zdcsim.export.contract import LICENCE
from zdcsim.export.emulator import FastSimulation, detector_of
from zdcsim.export.graph import CONDITIONS, LOG_PHOTONS, NOISE, PROBABILITY
from zdcsim.export.pieces import ANSWER, declared, no_light, traced
from zdcsim.export.reference import reference_conditions
from zdcsim.io import scales
from zdcsim.io.bundle import (
    CLASSIFIER,
    CLASSIFIER_SCALES,
    FORMAT_VERSION,
    GENERATOR,
    NOISE_SIZE,
    SPECIES,
    THRESHOLD,
    Bundle,
    configuration,
    read_bundle,
)
from zdcsim.io.scales import Scales
from zdcsim.io.species import mass_and_charge, proper_decay_length
from zdcsim.models.survival import Decaying, Lives

FORMAT: Final = "zdcsim deployment for AliceO2"
OPTIONS: Final = "o2_options.txt"
SIGNAL: Final = "signal"
UNTOUCHED: Final = Scales(np.zeros(len(NAMES), np.float32), np.ones(len(NAMES), np.float32))

DECAYING: Final = ((130, 310), (3122,), (3322,), (13,), (211,), (321,), (3112,), (3222,), (3312,),
                   (3334,))  # fmt: skip
"""PDG codes of what may decay on the way; the conditions of K0L and K0S are the same."""


@dataclass(frozen=True)
class Proof:
    """What was compared between a deployment and its bundles.

    Arguments:
        particles: Compared, with a response of each calorimeter.
        lit: Responses with light.
        photons: Photo-electrons of all of them.
        decayed: Particles that the bundles light and that were drawn to decay before the face.
    """

    particles: int
    lit: int
    photons: int
    decayed: int


def stem(detector: str) -> str:
    """Name of a deployment's generator: `neutron` of the ZN, `proton` of the ZP."""
    return SPECIES[detector].lower()


def decaying() -> tuple[Decaying, ...]:
    """What may decay on the way, with masses and life times of the PDG tables."""
    kinds = []
    for codes in DECAYING:
        (mass, charge), *_ = mass_and_charge(np.array(codes), "decays").tolist()
        ctau = tuple(map(proper_decay_length, codes))
        kinds.append(Decaying(mass, abs(int(charge)), ctau))
    return tuple(kinds)


def write_deployment(bundles: Sequence[Path], out: Path, decays: bool = True) -> Proof:
    """Write the folder that O2 needs, after proving that it gives what the bundles give.

    Arguments:
        bundles: For O2, of one calorimeter or of both.
        out: The folder; an existing deployment is replaced if nothing else lies there.
        decays: Draw which particles live until the face; False if no primary decays in O2 either,
            because its generator of collisions has let them decay.

    Raises:
        ValueError: If the bundles are not for O2 or for the same calorimeter, or O2 would read
            something else from the deployment than from them. Nothing is written then.
    """
    opened = [read_bundle(path) for path in bundles]
    _check(opened)
    kinds = decaying() if decays else ()
    source = {
        one.calorimeter.name: {
            "bundle": one.path.resolve().name,
            "manifest_sha256": one.sha256,
            "training": one.manifest.get("training", {}),
        }
        for one in opened
    }
    origin: dict[str, object] = {
        "toolkit": made_by("zdcsim", "torch", "onnx", "onnxruntime"),
        "bundles": source,
        "decays": "drawn from the conditions" if decays else "not drawn",
        "licence": LICENCE,
    }
    with replacing_bundle(out, [FORMAT]) as partial:
        _write_models(partial, opened, kinds, origin)
        proof = prove(partial, opened, kinds)
        parts = {SPECIES[one.calorimeter.name]: stem(one.calorimeter.name) for one in opened}
        write_text(partial / OPTIONS, configuration(str(out.resolve()), parts) + "\n")
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **origin,
            "files": described(partial, sorted(path.name for path in partial.iterdir())),
            "verification": asdict(proof),
        }
        write_text(partial / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    return proof


def _check(bundles: Sequence[Bundle]) -> None:
    names = [one.calorimeter.name for one in bundles]
    if not names or len(set(names)) != len(names):
        raise ValueError(
            "a deployment takes one bundle of the ZN (--zn), one of the ZP (--zp), or both; got "
            f"{' and '.join(names) or 'none'}"
        )
    for one in bundles:
        if one.noise_size != NOISE_SIZE:
            raise ValueError(
                f"{one.path} takes {one.noise_size} noise numbers; O2 draws {NOISE_SIZE}: export "
                "it with --target o2"
            )


def _write_models(
    folder: Path,
    bundles: Sequence[Bundle],
    kinds: Sequence[Decaying],
    origin: Mapping[str, object],
) -> None:
    gates = [_Gate(one, kinds) for one in bundles]
    _write_classifier(folder / CLASSIFIER, gates, origin)
    scales.write(folder / CLASSIFIER_SCALES, UNTOUCHED)
    for gate in gates:
        name = stem(gate.bundle.calorimeter.name)
        _write_generator(folder / f"{name}.onnx", gate, origin)
        scales.write(folder / f"{name}_scales.txt", UNTOUCHED)


class _Gate:
    """Nodes that decide whether a particle leaves light in one calorimeter.

    Arguments:
        bundle: Of the calorimeter.
        kinds: What may decay on the way.
    """

    def __init__(self, bundle: Bundle, kinds: Sequence[Decaying]) -> None:
        self.bundle, self.prefix = bundle, f"{bundle.calorimeter.name}/"
        self.lit = f"{self.prefix}lit"
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        expected = self.lit if not kinds else f"{self.prefix}expected"
        self._expect(expected)
        if kinds:
            self._live(expected, kinds)

    def _expect(self, output: str) -> None:
        """Whether the bundle's classifier expects light."""
        own, p = f"{self.prefix}classifier/", self.prefix
        network = compose.add_prefix_graph(onnx.load(self.bundle.path / CLASSIFIER).graph, own)
        self._add(scaling(CONDITIONS, own + CONDITIONS, self.bundle.classifier_scales))
        self.nodes += network.node
        self.constants += network.initializer
        self.constants.append(_number(np.float32(THRESHOLD), f"{p}threshold"))
        answers = [own + PROBABILITY, f"{p}threshold"]
        self.nodes.append(helper.make_node("GreaterOrEqual", answers, [output]))

    def _live(self, expected: str, kinds: Sequence[Decaying]) -> None:
        """And whether the particle lives until the face."""
        own = f"{self.prefix}lives/"
        network = traced(
            Lives(self.bundle.calorimeter, kinds), (torch.ones(2, len(NAMES)),), [CONDITIONS]
        )
        part = compose.add_prefix_graph(network.graph, own)
        self.nodes += [
            helper.make_node("Identity", [CONDITIONS], [own + CONDITIONS]),
            *part.node,
            helper.make_node("And", [expected, own + ANSWER], [self.lit]),
        ]
        self.constants += part.initializer

    def _add(self, part: tuple[list[NodeProto], list[TensorProto]]) -> None:
        self.nodes += part[0]
        self.constants += part[1]


def scaling(given: str, output: str, by: Scales) -> tuple[list[NodeProto], list[TensorProto]]:
    """Nodes for (x - mean) / scale, as O2 computes it, and their constants."""
    mean, scale, centred = (f"{output}_{part}" for part in ("mean", "scale", "centred"))
    nodes = [
        helper.make_node("Sub", [given, mean], [centred]),
        helper.make_node("Div", [centred, scale], [output]),
    ]
    return nodes, [_number(by.mean, mean), _number(by.scale, scale)]


def _number(value: NDArray[np.float32] | np.float32, name: str) -> TensorProto:
    return numpy_helper.from_array(np.asarray(value, np.float32), name)


def _write_classifier(path: Path, gates: Sequence[_Gate], origin: Mapping[str, object]) -> None:
    """Conditions (N, 9) to 1 for light in any calorimeter, 0 for none, (N, 1)."""
    nodes = [node for gate in gates for node in gate.nodes]
    found = gates[0].lit
    for gate in gates[1:]:
        nodes.append(helper.make_node("Or", [found, gate.lit], ["in_any"]))
        found = "in_any"
    nodes.append(helper.make_node("Cast", [found], [SIGNAL], to=TensorProto.FLOAT))
    constants = [constant for gate in gates for constant in gate.constants]
    inputs = {CONDITIONS: len(NAMES)}
    _save(path, nodes, constants, inputs, declared(SIGNAL, ["N", 1]), origin)


def _write_generator(path: Path, gate: _Gate, origin: Mapping[str, object]) -> None:
    """Noise (N, Z) and conditions (N, 9) to log photons (N, Ny, Nx), dark where no light is."""
    nx, ny = gate.bundle.calorimeter.shape
    nodes = [
        *gate.nodes,
        helper.make_node("Cast", [gate.lit], ["lit"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["lit"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["any"], to=TensorProto.BOOL),
        helper.make_node(
            "If",
            ["any"],
            [LOG_PHOTONS],
            then_branch=_generated(gate.bundle, "lit"),
            else_branch=_dark(ny, nx),
        ),
    ]
    inputs = {NOISE: NOISE_SIZE, CONDITIONS: len(NAMES)}
    output = declared(LOG_PHOTONS, ["N", ny, nx])
    _save(path, nodes, gate.constants, inputs, output, origin)


def _generated(bundle: Bundle, lit: str) -> GraphProto:
    """The bundle's generator, its answers to dark particles set to zero."""
    own, out = "generator/", "generated"
    part = compose.add_prefix_graph(onnx.load(bundle.path / GENERATOR).graph, own)
    scaled, constants = scaling(CONDITIONS, own + CONDITIONS, bundle.generator_scales)
    one = numpy_helper.from_array(np.array([2]), "last_axis")
    nodes = [
        *scaled,
        helper.make_node("Identity", [NOISE], [own + NOISE]),
        *part.node,
        helper.make_node("Unsqueeze", [lit, "last_axis"], ["lit_fibres"]),
        helper.make_node("Mul", [own + LOG_PHOTONS, "lit_fibres"], [out]),
    ]
    constants = [*constants, one, *part.initializer]
    return helper.make_graph(nodes, "lit", [], [declared(out, None)], initializer=constants)


def _dark(ny: int, nx: int) -> GraphProto:
    nodes, constants = no_light(NOISE, "dark", ny, nx)
    return helper.make_graph(nodes, "dark", [], [declared("dark", None)], initializer=constants)


def _save(
    path: Path,
    nodes: Sequence[NodeProto],
    constants: Sequence[TensorProto],
    inputs: Mapping[str, int],
    output: onnx.ValueInfoProto,
    origin: Mapping[str, object],
) -> None:
    given = [declared(name, ["N", size]) for name, size in inputs.items()]
    graph = helper.make_graph(list(nodes), path.stem, given, [output], initializer=list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    save(path, model, list(inputs), origin)


def prove(folder: Path, bundles: Sequence[Bundle], kinds: Sequence[Decaying]) -> Proof:
    """Compare a deployment with its bundles, one particle after the other as O2 reads both.

    Arguments:
        folder: The deployment; needs no manifest yet.
        bundles: What it was made of.
        kinds: What may decay on the way.

    Raises:
        ValueError: If a particle's hits differ, or one that decays or leaves no light has any.
    """
    conditions = np.concatenate([_particles(one, kinds) for one in bundles])
    shape = len(conditions), NOISE_SIZE
    noise = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    alone = [FastSimulation(one.path, detector_of(one.calorimeter.name)) for one in bundles]
    expected = np.array([[o2.leaves_signal(particle) for particle in conditions] for o2 in alone])
    lit = expected & np.stack([_alive(one, kinds, conditions) for one in bundles])
    photons = 0
    for one, own, light in zip(bundles, alone, lit, strict=True):
        deployed = FastSimulation(folder, own.detector, stem(own.detector))
        for row, (particle, drawn) in enumerate(zip(conditions, noise, strict=True)):
            wanted = own.hits(particle, drawn) if light[row] else []
            found = deployed.begin_primary(particle, drawn)
            if found != wanted or deployed.leaves_signal(particle) != lit[:, row].any():
                raise ValueError(
                    f"in the {own.detector} O2 would make the hits {found} of the particle "
                    f"{particle.tolist()}; the bundle {one.path.name} makes {wanted}"
                )
            photons += sum(hit.photons for hit in found)
    decayed = int((expected & ~lit).any(axis=0).sum())
    return Proof(len(conditions), int(lit.sum()), photons, decayed)


def _particles(bundle: Bundle, kinds: Sequence[Decaying]) -> NDArray[np.float32]:
    """The reference particles, and the same places and momenta with what decays."""
    stable = reference_conditions(bundle.calorimeter)
    parts = [stable]
    for kind in kinds:
        one = stable[:: len(kinds)].copy()
        one[:, MASS] = kind.mass_mev
        one[:, CHARGE] = np.sign(one[:, CHARGE]) * kind.charge_thirds
        momentum = one[:, PX : PZ + 1].astype(float)
        one[:, ENERGY] = np.hypot(np.linalg.norm(momentum, axis=1), kind.mass_mev / 1000)
        parts.append(one)
    return np.concatenate(parts)


def _alive(
    bundle: Bundle, kinds: Sequence[Decaying], conditions: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which particles live until the face, shape (N,)."""
    if not kinds:
        return np.ones(len(conditions), np.bool_)
    with torch.no_grad():
        lives = Lives(bundle.calorimeter, kinds)(torch.from_numpy(conditions))
    alive: NDArray[np.bool_] = lives[:, 0].numpy()
    return alive
