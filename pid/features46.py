"""The 46 inputs of O2's four-class network, and how each says "not measured".

Source: O2Physics, Tools/PIDFeatureExtractor/pidOnnxInference.cxx.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["track", "TPC", "TOF", "TRD", "ITS", "EMCal", "HMPID", "mask"]
SIGN: Final = "sign"
"""The charge in units of e; no input of the network, but scores of signed species need it."""
RAW_UNITS: Final = ("GeV/c", "0 or 1", "bit pattern of layers")


@dataclass(frozen=True)
class Feature:
    """One input.

    Arguments:
        name: Its branch in the `pid_features` tree; two are derived (see Source).
        unit: Empty for numbers without one.
        group: The detector that measures it; `mask` for the flags at the end.
        count: Whether it is 0, not NaN, when its detector is missing (counts and flags).
    """

    name: str
    unit: str
    group: Group
    count: bool = False

    @property
    def scaled(self) -> bool:
        """Whether models see it with zero mean and unit variance; as in the producer's schema,
        momenta, flags and bit patterns stay as they are."""
        return self.unit not in RAW_UNITS


def _n_sigma(detector: Literal["TPC", "TOF"]) -> tuple[Feature, ...]:
    labels = ("Pi", "Ka", "Pr", "El")
    return tuple(Feature(f"{detector.lower()}NSigma{s}", "sigma", detector) for s in labels)


FEATURES46: Final = (
    Feature("p", "GeV/c", "track"),
    Feature("pt", "GeV/c", "track"),
    Feature("px", "GeV/c", "track"),
    Feature("py", "GeV/c", "track"),
    Feature("pz", "GeV/c", "track"),
    Feature("eta", "", "track"),
    Feature("phi", "rad", "track"),
    Feature("dcaXY", "cm", "track"),
    Feature("dcaZ", "cm", "track"),
    Feature("hasTPC", "0 or 1", "TPC", count=True),
    Feature("tpcSignal", "arbitrary, 50 at minimum ionisation", "TPC"),
    *_n_sigma("TPC"),
    Feature("tpcNClsFound", "clusters", "TPC", count=True),
    Feature("tpcChi2NCl", "", "TPC"),
    Feature("hasTOF", "0 or 1", "TOF", count=True),
    Feature("tofMass", "GeV/c2", "TOF"),
    Feature("beta", "c", "TOF"),
    *_n_sigma("TOF"),
    Feature("hasTRD", "0 or 1", "TRD", count=True),
    Feature("trdSignal", "arbitrary", "TRD"),
    Feature("trdChi2", "", "TRD"),
    Feature("trdPattern", "bit pattern of layers", "TRD", count=True),
    Feature("itsNClusters", "layers hit", "ITS", count=True),
    Feature("itsChi2NCl", "", "ITS"),
    Feature("hasEMCal", "0 or 1", "EMCal", count=True),
    Feature("trackEtaEmcal", "", "EMCal"),
    Feature("trackPhiEmcal", "rad", "EMCal"),
    Feature("hasHMPID", "0 or 1", "HMPID", count=True),
    Feature("hmpidSignal", "rad", "HMPID"),
    Feature("hmpidQMip", "ADC", "HMPID"),
    Feature("hmpidNPhotons", "photons", "HMPID", count=True),
    Feature("hmpidClusSize", "pads", "HMPID", count=True),
    Feature("hmpidMom", "GeV/c", "HMPID"),
    *(
        Feature(f"mask{group}", "0 or 1", "mask", count=True)
        for group in ("TPC", "TOF", "TRD", "ITS", "EMCal", "HMPID", "Centrality")
    ),
)
"""In the order of the network's input."""

BY_NAME: Final[Mapping[str, Feature]] = {feature.name: feature for feature in FEATURES46}
"""The features by name."""
