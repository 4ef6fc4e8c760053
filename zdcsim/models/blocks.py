"""The two layers that the convolutional models share.

Why GroupNorm and not the published BatchNorm: it treats every response alone, so a response does
not depend on its companions in the batch, training and inference are the same function, and a
batch split over processes gives the gradients of the whole batch exactly (on a CPU too, where
SyncBatchNorm does not exist). It also takes away the amplitude of a map, which carries the light;
the modulation that follows brings it back from the particle's energy.

Axis key: B responses, C channels, h by w cells, S style numbers.
"""

from torch import Tensor, nn
from torch.nn import functional

GROUP_CHANNELS = 4
SLOPE = 0.1


def group_norm(channels: int) -> nn.GroupNorm:
    """GroupNorm over groups of four channels, or one group where four do not divide them."""
    groups = channels // GROUP_CHANNELS if channels % GROUP_CHANNELS == 0 else 1
    return nn.GroupNorm(groups, channels)


class ModulatedConv(nn.Module):
    """3x3 convolution, GroupNorm, and a scale and shift of every channel chosen by the style."""

    def __init__(self, channels_in: int, channels_out: int, style_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.norm = group_norm(channels_out)
        self.modulation = nn.Linear(style_size, 2 * channels_out)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Maps, shape (B, C_out, h, w), of maps (B, C_in, h, w) and styles (B, S)."""
        scale, shift = self.modulation(style)[:, :, None, None].chunk(2, dim=1)
        return functional.leaky_relu(self.norm(self.conv(maps)) * (1 + scale) + shift, SLOPE)


class StridedConv(nn.Module):
    """3x3 convolution that halves the grid, GroupNorm, leaky ReLU."""

    def __init__(self, channels_in: int, channels_out: int, normalise: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1)
        self.norm = group_norm(channels_out) if normalise else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps, shape (B, C_out, ceil(h / 2), ceil(w / 2)), of maps (B, C_in, h, w)."""
        return functional.leaky_relu(self.norm(self.conv(maps)), SLOPE)
