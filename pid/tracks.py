"""Tracks in memory: what the detectors measured, NaN where they did not, and the truth if known.

Axis key: N tracks, F columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pid.columns import PATTERN_BITS, SIGNALS


@dataclass(frozen=True)
class Tracks:
    """Tracks of any origin.

    Arguments:
        columns: Names of the columns.
        values: Shape (N, F), float32, in the units of `pid.columns`; NaN is not measured.
        event: Shape (N,), int64; tracks of one collision share the number.
        pdg: True PDG codes, shape (N,), int32; None for real data.
        primary: Whether each is a physical primary, shape (N,); None exactly when `pdg` is.
        provenance: What is known of the origin.

    Raises:
        ValueError: If a shape, type or name does not fit, or a value is infinite.
    """

    columns: tuple[str, ...]
    values: NDArray[np.float32]
    event: NDArray[np.int64]
    pdg: NDArray[np.int32] | None = None
    primary: NDArray[np.bool_] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(f"column names must differ; got {', '.join(self.columns)}")
        if self.values.ndim != 2 or self.values.shape[1] != len(self.columns):
            raise ValueError(
                f"values of shape {self.values.shape} do not fit {len(self.columns)} columns; "
                f"expected (tracks, {len(self.columns)})"
            )
        self._expect("values", self.values, np.dtype(np.float32))
        self._expect("event", self.event, np.dtype(np.int64))
        self._expect("pdg", self.pdg, np.dtype(np.int32))
        self._expect("primary", self.primary, np.dtype(np.bool_))
        if (self.pdg is None) != (self.primary is None):
            raise ValueError("true species and primary flags come together; got only one of them")
        infinite = np.isinf(self.values)
        if infinite.any():
            row, found = np.argwhere(infinite)[0]
            raise ValueError(
                f"track {row}: {self.columns[found]} is infinite; expected a number, or NaN for "
                "not measured"
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labelled(self) -> bool:
        """Whether the true species are known."""
        return self.pdg is not None

    def column(self, name: str) -> NDArray[np.float32]:
        """One column, shape (N,).

        Raises:
            ValueError: If there is no such column.
        """
        return self.take((name,))[:, 0]

    def take(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Some columns in the given order, shape (N, len(names)).

        Raises:
            ValueError: If one of them is absent.
        """
        absent = [name for name in names if name not in self.columns]
        if absent:
            raise ValueError(
                f"the tracks have no column {', '.join(absent)}; they have "
                f"{', '.join(self.columns)}"
            )
        return self.values[:, [self.columns.index(name) for name in names]]

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.integer]) -> "Tracks":
        """The tracks of a mask (N,) or of indices, in that order."""
        return replace(
            self,
            values=self.values[chosen],
            event=self.event[chosen],
            pdg=None if self.pdg is None else self.pdg[chosen],
            primary=None if self.primary is None else self.primary[chosen],
        )

    def pattern(self) -> NDArray[np.int8]:
        """Which detectors saw each track: bits TPC 1, TRD 2, TOF 4; shape (N,).

        A detector counts as present where one of its signals is; all of them when it has several.
        """
        pattern = np.zeros(len(self), np.int8)
        for detector, bit in PATTERN_BITS.items():
            signals = [name for name in SIGNALS[detector] if name in self.columns]
            if signals:
                seen = ~np.isnan(self.take(signals)).any(axis=1)
                pattern |= np.where(seen, np.int8(bit), np.int8(0))
        return pattern

    def truth(self) -> NDArray[np.int32]:
        """True PDG codes, shape (N,).

        Raises:
            ValueError: If these tracks have none.
        """
        if self.pdg is None:
            raise ValueError("these tracks have no true species; use a simulated sample")
        return self.pdg

    def _expect(self, name: str, array: NDArray[np.generic] | None, dtype: np.dtype) -> None:
        if array is None:
            return
        if array.dtype != dtype:
            raise ValueError(f"{name} must be {dtype}; got {array.dtype}")
        if len(array) != len(self.values) or (name != "values" and array.ndim != 1):
            raise ValueError(
                f"{name} has shape {array.shape}; expected one for each of "
                f"{len(self.values)} tracks"
            )


def joined(parts: Sequence[Tracks]) -> Tracks:
    """Tracks of several parts one after the other, with the provenance of the first.

    Raises:
        ValueError: If there is no part, or their columns or their truth differ.
    """
    if not parts:
        raise ValueError("there are no tracks to join")
    first = parts[0]
    for part in parts[1:]:
        if part.columns != first.columns or part.labelled != first.labelled:
            raise ValueError(
                f"tracks with the columns {', '.join(first.columns)} cannot be joined with "
                f"{', '.join(part.columns)}; read both with the same columns and truth"
            )
    pdg = [part.pdg for part in parts if part.pdg is not None]
    primary = [part.primary for part in parts if part.primary is not None]
    return replace(
        first,
        values=np.concatenate([part.values for part in parts]),
        event=np.concatenate([part.event for part in parts]),
        pdg=np.concatenate(pdg) if pdg else None,
        primary=np.concatenate(primary) if primary else None,
    )
