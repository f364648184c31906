"""Factors of the gradient of one weight for one sample."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Rows:
    """The gradient of a weight of shape [m, n] is the sum over r of outer(left_r, right_r), plus e_r in row token_r.

    left: [rows, m], right: [rows, n], e: [rows2, n], token: [rows2].
    """

    left: Tensor
    right: Tensor
    e: Tensor
    token: Tensor

    def bytes(self, item: int) -> int:
        """Bytes of the rows in the file, with `item` bytes for a number and 4 for an index."""
        values = self.left.numel() + self.right.numel() + self.e.numel()
        return item * values + 4 * (len(self.left) + 2 * len(self.token))

    def gradient(self) -> Tensor:
        """The explicit gradient, of shape [m, n]."""
        return self.left.T.matmul(self.right).index_add_(0, self.token, self.e)

    def magnitude(self) -> float:
        """Sum of the norms of all terms of the gradient: rounding errors are proportional to it."""
        dense = (self.left.norm(dim=1) * self.right.norm(dim=1)).sum()
        return float(dense + self.e.norm(dim=1).sum())


def empty_rows(shape: torch.Size, dtype: torch.dtype) -> Rows:
    """No rows for a weight of this shape."""
    left, right = torch.empty(0, shape[0], dtype=dtype), torch.empty(0, shape[1], dtype=dtype)
    return Rows(left, right, torch.empty(0, shape[1], dtype=dtype), torch.empty(0, dtype=torch.int64))


def join_rows(parts: list[Rows]) -> Rows:
    """All rows of the parts, in their order."""
    return Rows(*(torch.cat([getattr(part, name) for part in parts]) for name in ("left", "right", "e", "token")))
