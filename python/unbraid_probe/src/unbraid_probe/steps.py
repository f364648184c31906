"""Measured effect of small steps of the parameters on log pi of all samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .log_prob import LogProb
from .sample import Sample


@dataclass
class Probed:
    """The model that was probed, its measured parameters, and their versions when they were measured last."""

    model: nn.Module
    log_prob: LogProb
    parameters: dict[str, nn.Parameter]
    versions: list[int]


@dataclass(frozen=True)
class Steps:
    """Change of log pi by steps of several sizes.

    sizes: sizes of the steps. weights: float64 [samples]. change: float64 [sizes, samples].
    """

    sizes: list[float]
    weights: Tensor
    change: Tensor


def versions_of(parameters: dict[str, nn.Parameter]) -> list[int]:
    """Versions of the parameters. Autograd raises them with every change in place."""
    return [parameter._version for parameter in parameters.values()]


def measure_steps(
    probed: Probed, samples: list[Sample], sizes: Sequence[float], weights: Sequence[float] | None
) -> Steps:
    """Takes a step of each size, measures log pi of all samples, and restores the parameters."""
    checked = _check_sizes(sizes)
    shares = _check_weights(weights, samples)
    parameters = list(probed.parameters.values())
    if versions_of(probed.parameters) != probed.versions:
        raise ValueError("take_steps: the model must not change after probe, got changed parameters; probe it again")
    directions = _directions(probed, samples, shares)
    kept = [parameter.detach().clone() for parameter in parameters]
    before = _log_probs(probed, samples)
    changes = []
    for size in checked:
        try:
            with torch.no_grad():
                for parameter, direction in zip(parameters, directions, strict=True):
                    parameter.copy_(parameter.to(direction.dtype) + size * direction)
            changes.append(_log_probs(probed, samples) - before)
        finally:
            with torch.no_grad():
                for parameter, old in zip(parameters, kept, strict=True):
                    parameter.copy_(old)
            probed.versions = versions_of(probed.parameters)
    change = torch.stack(changes)
    if not torch.isfinite(change).all():
        raise ValueError("take_steps: log pi after the step must be finite, got NaN or infinity; pass smaller sizes")
    return Steps(checked, shares, change)


def _check_sizes(sizes: Sequence[float]) -> list[float]:
    if not isinstance(sizes, Sequence) or isinstance(sizes, str) or len(sizes) == 0:
        raise ValueError(f"take_steps: sizes must be a list of numbers, got {sizes!r}; pass for example [1e-3, 1e-2]")
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, float)) or not math.isfinite(size) or size <= 0:
            raise ValueError(
                f"take_steps: sizes must be finite numbers > 0, got {size!r}; pass for example [1e-3, 1e-2]"
            )
    return [float(size) for size in sizes]


def _check_weights(weights: Sequence[float] | None, samples: list[Sample]) -> Tensor:
    if weights is None:
        good = torch.tensor([float(sample.label == "good") for sample in samples], dtype=torch.float64)
        if good.sum() == 0:
            raise ValueError("take_steps: one sample must have label 'good', got 0; label samples or pass weights")
        return good / good.sum()
    shares = torch.as_tensor(weights, dtype=torch.float64, device="cpu").clone()
    if shares.shape != (len(samples),) or not torch.isfinite(shares).all() or not shares.any():
        raise ValueError(
            f"take_steps: weights must be {len(samples)} finite numbers, not all 0, got {weights!r}; "
            "pass one for each sample"
        )
    return shares


def _directions(probed: Probed, samples: list[Sample], shares: Tensor) -> list[Tensor]:
    """Sum of the weighted gradients in at least float32, by autograd: the stored factors can be rounded or a sketch."""
    parameters = list(probed.parameters.values())
    sums = [torch.zeros_like(p, dtype=torch.promote_types(p.dtype, torch.float32)) for p in parameters]
    for sample, share in zip(samples, shares.tolist(), strict=True):
        if share == 0:
            continue
        with torch.enable_grad():
            value = probed.log_prob(probed.model, sample).reshape(())
        for total, gradient in zip(sums, torch.autograd.grad(value, parameters, allow_unused=True), strict=True):
            if gradient is not None:
                total += share * (gradient.to_dense() if gradient.is_sparse else gradient)
    return sums


def _log_probs(probed: Probed, samples: list[Sample]) -> Tensor:
    with torch.no_grad():
        values = [float(probed.log_prob(probed.model, sample)) for sample in samples]
    return torch.tensor(values, dtype=torch.float64)
