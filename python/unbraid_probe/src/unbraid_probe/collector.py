"""Gradients of one parameter for all samples, in the smaller of two forms."""

from __future__ import annotations

import torch
from torch import Tensor

from .layer import Layer
from .rows import Rows, empty_rows, join_rows
from .sketch import Projection


class Collector:
    """Keeps rows until explicit gradients (or sketches) of all samples would need fewer bytes."""

    def __init__(
        self, name: str, shape: torch.Size, samples: int, dtype: torch.dtype, item: int, projection: Projection | None
    ) -> None:
        self.name = name
        self._shape = shape
        self._samples = samples
        self._dtype = dtype
        self._item = item
        self._projection = projection
        self._size = shape.numel() if projection is None else projection.size
        self._rows: dict[int, Rows] = {}
        self._bytes = 0
        self._gradients: Tensor | None = None
        self.kinds: set[str] = set()

    def add_rows(self, sample: int, rows: Rows, kinds: set[str]) -> None:
        """Adds the rows of a sample."""
        self.kinds |= kinds
        if self._projection is None and self._gradients is None:
            self._rows[sample] = rows
            self._bytes += rows.bytes(self._item)
            if self._bytes > self._samples * self._size * self._item:
                self._explicit()
        else:
            self._explicit()[sample] += rows.gradient().flatten() if self._projection is None else self._projection.of_rows(rows)

    def add_gradient(self, sample: int, gradient: Tensor) -> None:
        """Adds the explicit gradient of a sample."""
        values = gradient.to(device="cpu", dtype=self._dtype)
        self._explicit()[sample] += values.flatten() if self._projection is None else self._projection.of_gradient(values)

    def _explicit(self) -> Tensor:
        if self._gradients is None:
            self._gradients = torch.zeros(self._samples, self._size, dtype=self._dtype)
            for sample, rows in self._rows.items():
                self._gradients[sample] = rows.gradient().flatten()
            self._rows = {}
        return self._gradients

    def layer(self) -> Layer | None:
        """The layer of the file, or None if the gradient of every sample is 0."""
        shape = list(self._shape)
        if self._gradients is not None:
            if not self._gradients.any():
                return None
            kind = "gradients" if self._projection is None else "sketch"
            return Layer(self.name, shape, kind, {"g": self._gradients})
        if not self._rows:
            return None
        joined = join_rows([empty_rows(self._shape, self._dtype), *self._rows.values()])
        tensors: dict[str, Tensor] = {}
        if len(joined.left) > 0:
            # The file's x is the input and d the output's gradient. torch.addmm has the weight as [in, out].
            swapped = self.kinds == {"addmm"}
            tensors["x"], tensors["d"] = (joined.left, joined.right) if swapped else (joined.right, joined.left)
            tensors["sample"] = self._numbers([len(rows.left) for rows in self._rows.values()])
        if len(joined.token) > 0:
            tensors["e"], tensors["token"] = joined.e, joined.token.to(torch.int32)
            tensors["tokenSample"] = self._numbers([len(rows.token) for rows in self._rows.values()])
        return Layer(self.name, shape, "rows", tensors) if tensors else None

    def _numbers(self, counts: list[int]) -> Tensor:
        samples = torch.tensor(list(self._rows), dtype=torch.int32)
        return samples.repeat_interleave(torch.tensor(counts))
