"""Sentences about a measurement that a reader of its numbers needs."""

from __future__ import annotations

import torch
from torch import nn

from .layer import Layer


def write_notes(
    model: nn.Module,
    measured: dict[str, nn.Parameter],
    layers: list[Layer],
    whole: set[str],
    dropped: int,
    total: int,
) -> list[str]:
    """The notes of a bank.

    whole: weights whose gradient was not taken from rows. dropped: rows with gradient 0, of `total` rows.
    """
    notes = []
    if dropped > 0:
        notes.append(
            f"{dropped} of {total} rows are left out because their gradient is 0 "
            "(padding, tokens after the action, or inactive units)."
        )
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    for name, parameter in measured.items():
        if len(names[id(parameter)]) > 1:
            others = ", ".join(names[id(parameter)][1:])
            notes.append(
                f"{name} is tied with {others}: its gradient is the sum over all uses, with their cross terms."
            )
    if whole:
        notes.append(
            "Autograd computed the whole gradient of these weights, because a function other than F.linear, "
            f"torch.addmm and F.embedding uses them: {_list([name for name in measured if name in whole])}."
        )
    low = [name for name, p in measured.items() if p.dtype in (torch.bfloat16, torch.float16)]
    if low:
        notes.append(
            f"{len(low)} of {len(measured)} parameters have 16-bit values, so gradients have relative errors of about "
            f"{max(torch.finfo(measured[name].dtype).eps for name in low):.0e}: {_list(low)}."
        )
    present = {layer.name for layer in layers}
    absent = [name for name in measured if name not in present]
    if absent:
        notes.append(f"Parameters without gradient in every sample are left out: {_list(absent)}.")
    return notes


def _list(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
