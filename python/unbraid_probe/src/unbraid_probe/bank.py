"""The result of `probe`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .gram import layer_gram
from .layer import Layer
from .sample import Sample
from .save import save_bank
from .steps import Probed, Steps, measure_steps


@dataclass
class Bank:
    """Gradients of all samples.

    name: name of the model.
    samples, log_probs: the samples with log pi of their actions. log_prob_words: what log pi is.
    layers: one for each parameter with a gradient.
    notes: sentences about what was measured.
    similarity: of the states, as given.
    steps: result of `take_steps`. probed: the model, for `take_steps`.
    """

    name: str
    samples: list[Sample]
    log_probs: list[float]
    layers: list[Layer]
    notes: list[str]
    similarity: Tensor | None
    probed: Probed
    log_prob_words: str
    steps: Steps | None = None

    def gram(self, layer: str | None = None) -> Tensor:
        """Inner products of the samples' gradients, float64 [samples, samples], of one parameter or of all."""
        found = [entry for entry in self.layers if layer is None or entry.name == layer]
        if not found:
            names = ", ".join(entry.name for entry in self.layers)
            raise ValueError(f"gram: layer must be a measured parameter, got {layer!r}; pass one of {names}")
        count = len(self.samples)
        return torch.stack([layer_gram(entry, count) for entry in found]).sum(0)

    def take_steps(self, sizes: Sequence[float], weights: Sequence[float] | None = None) -> Steps:
        """Measures the change of log pi of all samples by steps of the parameters, and stores it in `steps`.

        A step adds size * sum_i weights_i g_i to the measured parameters. By default the weights are 1/n for each of
        the n good samples. The parameters are restored bit by bit after each size, also after an error.
        """
        self.steps = measure_steps(self.probed, self.samples, sizes, weights)
        return self.steps

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the bank as a safetensors file. An existing file is replaced only after all is written."""
        save_bank(self, path)
