"""The five readout sums of a response, under the three conventions in use.

Fibres alternate like the squares of a chessboard between the common photomultiplier and the four
tower photomultipliers. Codes disagree on which colour is common, on the order of the channels and,
for ZP, on the towers:

======  =======  =======================================  ==========================
        common   order                                    towers of ZP
======  =======  =======================================  ==========================
`o2`    even     common, then towers 1-4                  four slabs along x
`agh`   odd      towers lo-lo, lo-hi, hi-lo, hi-hi, then  quadrants, as for ZN
                 common
`wut`   even     towers hi-lo, hi-hi, lo-lo, lo-hi, then  quadrants, as for ZN
                 common
======  =======  =======================================  ==========================

Even and odd are the parity of x + y, `hi-lo` is x in the upper and y in the lower half. Numbers
of two conventions must not be lined up channel by channel, nor compared without saying so.

Axis key: N responses, Nx by Ny fibres, 5 channels.

Source: AliceO2, Detectors/ZDC (FastSimToHits, SpatialPhotonResponse::getPhotonsPerChannel);
m-wojnar/zdc and faster_zdc; patrick-bedkowski's ExpertSim repositories.
"""

from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zdcsim.geometry import Calorimeter

Convention = Literal["o2", "agh", "wut"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
CHANNELS = 5

CHANNEL_NAMES: dict[Convention, tuple[str, ...]] = {
    "o2": ("common", "tower 1", "tower 2", "tower 3", "tower 4"),
    "agh": ("ch1", "ch2", "ch3", "ch4", "common"),
    "wut": ("ch1", "ch2", "ch3", "ch4", "common"),
}


@cache
def channel_masks(calorimeter: Calorimeter, convention: Convention) -> NDArray[np.bool_]:
    """Which fibres each channel reads, shape (5, Nx, Ny); every fibre is in exactly one channel.

    Raises:
        ValueError: If the convention is not one of `o2`, `agh` and `wut`.
    """
    x, y = np.indices(calorimeter.shape)
    even = (x + y) % 2 == 0
    upper_x, upper_y = x >= calorimeter.nx // 2, y >= calorimeter.ny // 2
    if convention == "o2":
        tower = 4 * x // calorimeter.nx if calorimeter.name == "ZP" else upper_x + 2 * upper_y
        channel = np.where(even, 0, 1 + tower)
    elif convention == "agh":
        channel = np.where(even, 2 * upper_x + upper_y, 4)
    elif convention == "wut":
        channel = np.where(even, 4, 2 * ~upper_x + upper_y)
    else:
        raise ValueError(
            f"unknown channel convention {convention!r}; expected one of {', '.join(CONVENTIONS)}"
        )
    masks: NDArray[np.bool_] = channel == np.arange(CHANNELS)[:, None, None]
    masks.setflags(write=False)
    return masks


def channel_sums(
    photons: NDArray[np.number], calorimeter: Calorimeter, convention: Convention
) -> NDArray[np.float64]:
    """Photo-electrons read by each channel.

    Arguments:
        photons: Counts per fibre, not their logarithm, shape (N, Nx, Ny).
        calorimeter: The detector read out; fixes Nx and Ny.
        convention: Parity, order and towers, see the table above.

    Returns:
        Photo-electrons per channel, shape (N, 5), in the order of `CHANNEL_NAMES[convention]`.

    Raises:
        ValueError: If the responses are not on this calorimeter's grid or the convention is
            unknown.
    """
    if photons.shape[1:] != calorimeter.shape:
        raise ValueError(
            f"{calorimeter.name} responses have shape (N, {calorimeter.nx}, {calorimeter.ny}); "
            f"got {photons.shape}"
        )
    masks = channel_masks(calorimeter, convention).reshape(CHANNELS, -1).astype(np.float64)
    return np.asarray(photons.reshape(len(photons), -1) @ masks.T, dtype=np.float64)
