"""Who reads a bundle."""

from typing import Literal

Contract = Literal["pidml", "features46", "mlresponse"]
"""O2Physics' PIDML; the 46 floats of PidOnnxInference; any task with MlResponse."""
