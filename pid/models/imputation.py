"""Guesses for missing values, estimated from training tracks and kept with the weights.

Axis key: B tracks, N training tracks, F features.
"""

from typing import Literal

import torch
from torch import Tensor, nn

Imputation = Literal["mean", "regression"]


class Imputer(nn.Module):
    """Missing values are replaced by a linear function of those that are always present.

    With `mean` that function is a constant. With `regression` it is fitted by least squares on the
    complete training tracks; a feature counts as always present if no training track misses it. One
    of these that is missing nevertheless gets its mean.

    Arguments:
        features: F.
        method: See above.
    """

    mean: Tensor
    slope: Tensor
    offset: Tensor

    def __init__(self, features: int, method: Imputation) -> None:
        super().__init__()
        self.method = method
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("slope", torch.zeros(features, features))
        self.register_buffer("offset", torch.zeros(features))

    def fit(self, values: Tensor) -> None:
        """Estimate from scaled training values with NaN for missing, shape (N, F).

        Raises:
            ValueError: If a feature is never present, or regression finds no complete track or no
                feature that is always present.
        """
        exact = values.double()
        missing = torch.isnan(exact)
        if missing.all(dim=0).any():
            never = missing.all(dim=0).nonzero().flatten().tolist()
            raise ValueError(f"features {never} are missing in all training tracks; leave them out")
        self.mean.copy_(exact.nanmean(dim=0))
        self.slope.zero_()
        self.offset.copy_(self.mean)
        if self.method == "regression" and missing.any():
            self._regress(exact, missing)

    def _regress(self, exact: Tensor, missing: Tensor) -> None:
        complete, sometimes = ~missing.any(dim=1), missing.any(dim=0)
        if not complete.any() or sometimes.all():
            raise ValueError(
                "regression needs complete training tracks and a feature that is always present; "
                "use the imputation mean"
            )
        rows = exact[complete]
        known = torch.cat([rows[:, ~sometimes], torch.ones_like(rows[:, :1])], dim=1)
        # gelsd gives the shortest solution where features depend on each other, as p on px, py, pz
        # with few tracks do.
        solution = torch.linalg.lstsq(
            known.cpu(), rows[:, sometimes].cpu(), driver="gelsd"
        ).solution
        solution = solution.to(self.slope)
        always, gaps = (~sometimes).nonzero(), sometimes.nonzero().flatten()
        self.slope[always, gaps] = solution[:-1]
        self.offset[gaps] = solution[-1]

    def forward(self, values: Tensor) -> Tensor:
        """Complete values, shape (B, F), of values with NaN for missing, shape (B, F)."""
        missing = torch.isnan(values)
        guess = self.mean
        if self.method == "regression":
            guess = torch.addmm(self.offset, torch.where(missing, self.mean, values), self.slope)
        return torch.where(missing, guess, values)
