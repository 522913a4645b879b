"""The types that layers of the intermediate representation share."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Activation = Literal[
    "linear",
    "relu",
    "relu6",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "silu",
    "gelu",
]
