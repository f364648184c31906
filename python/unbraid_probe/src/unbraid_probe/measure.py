"""Gradients of one sample: rows of the recorded weights, whole gradients of the other parameters."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .graph import walk
from .log_prob import LogProb
from .record import Recorder, Use
from .rows import Rows, empty_rows, join_rows
from .sample import Sample


@dataclass
class Measured:
    """log pi of a sample and its gradients by name of the parameter. Parameters without gradient are missing.

    kinds, types: kinds of use of each parameter with rows, and types of the results.
    dropped: number of rows with gradient 0, of `total` rows.
    """

    log_prob: float
    rows: dict[str, Rows]
    gradients: dict[str, Tensor]
    kinds: dict[str, set[str]]
    types: dict[str, set[torch.dtype]]
    dropped: int
    total: int


def measure(
    model: nn.Module,
    sample: Sample,
    number: int,
    log_prob: LogProb,
    parameters: Mapping[str, Tensor],
    whole: AbstractSet[str],
    dtype: torch.dtype,
    everything: bool = False,
) -> Measured:
    """Measures one sample.

    whole: parameters whose gradient is computed whole. everything: also compute that of weights with rows.
    """
    names = {id(parameter): name for name, parameter in parameters.items()}
    with torch.enable_grad():
        with Recorder([p for name, p in parameters.items() if name not in whole]) as recorder:
            value = log_prob(model, sample)
        _check_value(value, number)
        value = value.reshape(())
    for use in recorder.uses:
        if use.input._version != use.version:
            raise ValueError(
                f"probe: inputs of {names[id(use.weight)]} must not be modified in place, sample {number} did; "
                "use the form of the operation that is not in place"
            )
    nodes, leaves = walk(value)
    uses = [use for use in recorder.uses if use.edge.node in nodes]
    counts = {name: 0 for name in parameters}
    for use in uses:
        counts[names[id(use.weight)]] += 1
    # More edges than recorded uses: another function uses the weight too, so its rows are not its whole gradient.
    mixed = {name for name, p in parameters.items() if 0 < counts[name] < leaves[id(p)]}
    uses = [use for use in uses if names[id(use.weight)] not in mixed]
    asked = [name for name in parameters if everything or counts[name] == 0 or name in mixed]
    targets = [use.edge for use in uses] + [parameters[name] for name in asked]
    # Without allow_unused a parameter that this sample does not use would raise.
    results = torch.autograd.grad(value, targets, allow_unused=True)
    gradients = {
        name: g.detach().to_dense() if g.is_sparse else g.detach()
        for name, g in zip(asked, results[len(uses) :], strict=True)
        if g is not None
    }
    measured = Measured(float(value.detach()), {}, gradients, {}, {}, 0, 0)
    _add_rows(measured, uses, results[: len(uses)], names, dtype)
    for name, gradient in gradients.items():
        _check_finite(gradient, name, number)
    for name, rows in measured.rows.items():
        for part in (rows.left, rows.right, rows.e):
            _check_finite(part, name, number)
    return measured


def _check_value(value: object, number: int) -> None:
    if not isinstance(value, Tensor) or value.numel() != 1:
        got = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"probe: log_prob must return a scalar tensor, got {got} for sample {number}; sum over tokens")
    if not torch.isfinite(value).all():
        raise ValueError(
            f"probe: log_prob must be finite, got {float(value.detach())} for sample {number}; "
            "check the model and its inputs"
        )
    if value.grad_fn is None:
        raise ValueError(
            f"probe: log_prob must depend on the parameters, sample {number} has no gradient; "
            "remove detach() and no_grad() from log_prob"
        )


def _check_finite(values: Tensor, name: str, number: int) -> None:
    if not torch.isfinite(values).all():
        raise ValueError(
            f"probe: gradients must be finite, got NaN or infinity in {name} for sample {number}; "
            "check the model, or probe it in float32"
        )


def _add_rows(
    measured: Measured, uses: list[Use], gradients: tuple[Tensor | None, ...], names: dict[int, str], dtype: torch.dtype
) -> None:
    parts: dict[str, list[Rows]] = {}
    for use, gradient in zip(uses, gradients, strict=True):
        if gradient is None:
            continue
        name = names[id(use.weight)]
        rows, total = _rows_of(use, gradient.detach(), dtype)
        parts.setdefault(name, []).append(rows)
        measured.kinds.setdefault(name, set()).add(use.kind)
        measured.types.setdefault(name, set()).add(gradient.dtype)
        measured.total += total
        measured.dropped += total - len(rows.left) - len(rows.token)
    measured.rows.update((name, join_rows(found)) for name, found in parts.items())


def _rows_of(use: Use, gradient: Tensor, dtype: torch.dtype) -> tuple[Rows, int]:
    """Rows of one use whose gradient is not 0, and the number of all its rows.

    The mask copies the rows, so `log_prob` can use a tensor of inputs again.
    """
    rows = empty_rows(use.weight.shape, dtype)
    flat = gradient.reshape(-1, gradient.shape[-1])
    kept = flat.count_nonzero(dim=1) > 0
    if use.kind == "embedding":
        tokens = use.input.reshape(-1)
        if use.padding is not None:
            kept &= tokens != use.padding
        rows.e, rows.token = _stored(flat[kept], dtype), _stored(tokens[kept], torch.int64)
        return rows, len(flat)
    # Autocast rounds the input to the type of the output before it multiplies.
    inputs = use.input.detach().reshape(-1, use.input.shape[-1]).to(gradient.dtype)
    x, d = _stored(inputs[kept], dtype), _stored(flat[kept], dtype)
    rows.left, rows.right = (d, x) if use.kind == "linear" else (x, d)
    return rows, len(flat)


def _stored(values: Tensor, dtype: torch.dtype) -> Tensor:
    return values.to(device="cpu", dtype=dtype)
