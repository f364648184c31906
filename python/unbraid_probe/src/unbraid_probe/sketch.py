"""A random projection of gradients that keeps inner products in expectation."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .rows import Rows


@dataclass(frozen=True)
class Sketch:
    """Settings of the projection.

    size: the gradient of a weight, as a matrix [m, n], is stored as a matrix [min(m, size), min(n, size)].
    seed: seed of the random signs. Equal seeds and names of parameters give equal signs in every process.
    """

    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("size", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"Sketch: {name} must be an int >= {least}, got {value!r}; pass an int")


@dataclass
class Projection:
    """The two sides of the projection of one weight: G -> left G right^T. None leaves a side as it is.

    With independent random signs / sqrt(size), the expectation of left^T left and of right^T right is the identity. So
    the expectation of an inner product of projections is the inner product of the gradients.
    """

    shape: tuple[int, int]
    left: Tensor | None
    right: Tensor | None

    @property
    def size(self) -> int:
        """Numbers of a projected gradient."""
        left, right = self.left, self.right
        return (self.shape[0] if left is None else len(left)) * (self.shape[1] if right is None else len(right))

    def of_gradient(self, gradient: Tensor) -> Tensor:
        """Projects an explicit gradient."""
        matrix = gradient.reshape(self.shape)
        matrix = matrix if self.left is None else self.left @ matrix
        return (matrix if self.right is None else matrix @ self.right.T).flatten()

    def of_rows(self, rows: Rows) -> Tensor:
        """Projects rows, without the explicit gradient."""
        left, right, e = rows.left, rows.right, rows.e
        if self.right is not None:
            right, e = right @ self.right.T, e @ self.right.T
        if self.left is None:
            return Rows(left, right, e, rows.token).gradient().flatten()
        return ((left @ self.left.T).T @ right + self.left[:, rows.token] @ e).flatten()


def create_projection(sketch: Sketch, name: str, shape: torch.Size, dtype: torch.dtype) -> Projection | None:
    """The projection of a parameter, or None if it would not make the gradient smaller."""
    if len(shape) < 2:
        return None
    matrix = (shape[0], shape[1:].numel())
    sides = [
        _signs(sketch, f"{name}/{side}", length, dtype) if length > sketch.size else None
        for side, length in zip(("left", "right"), matrix, strict=True)
    ]
    return None if sides == [None, None] else Projection(matrix, sides[0], sides[1])


def _signs(sketch: Sketch, purpose: str, length: int, dtype: torch.dtype) -> Tensor:
    digest = hashlib.sha256(f"{sketch.seed}/{purpose}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    bits = torch.randint(0, 2, (sketch.size, length), generator=generator)
    return (2 * bits - 1).to(dtype).div_(math.sqrt(sketch.size))
