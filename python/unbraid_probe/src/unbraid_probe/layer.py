"""The gradients of one parameter, as the file stores them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

SCALED = ("x", "d", "e", "g")


@dataclass
class Layer:
    """One parameter: its name, shape, kind ("rows", "gradients" or "sketch") and the tensors of the file.

    scale: power of two of each tensor of numbers; a true value is the stored value times it.
    """

    name: str
    shape: list[int]
    kind: str
    tensors: dict[str, Tensor]
    scale: dict[str, float] = field(default_factory=dict)

    def value(self, key: str) -> Tensor:
        """The true values of a tensor of numbers, in float64."""
        return self.tensors[key].double() * self.scale[key]


def store_as(layer: Layer, dtype: torch.dtype) -> None:
    """Converts the numbers of a layer to the type of the file."""
    for key in SCALED:
        if key in layer.tensors:
            layer.tensors[key], layer.scale[key] = _scaled(layer.tensors[key], dtype)


def _scaled(values: Tensor, dtype: torch.dtype) -> tuple[Tensor, float]:
    if dtype != torch.float16:
        return values.to(dtype), 1.0
    largest = float(values.abs().max())
    # The largest value becomes 2^14 to 2^15. float16 ends at 2^16, and values down to 2^-28 of the largest stay normal.
    exponent = 15 - math.frexp(largest)[1] if largest > 0 else 0
    return torch.ldexp(values.double(), torch.tensor(exponent)).to(dtype), 2.0**-exponent
