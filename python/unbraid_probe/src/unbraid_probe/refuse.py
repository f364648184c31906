"""Checks of the model before it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

Choice = Callable[[str, nn.Parameter], bool] | Iterable[str] | None


def check_mode(model: Any) -> None:
    """Raises if the model has random layers, or layers whose result depends on the batch."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"probe: model must be a torch.nn.Module, got {type(model).__name__}; pass the policy network")
    for name, module in model.named_modules():
        dropout = module.p if isinstance(module, _DropoutNd) else getattr(module, "dropout", 0)
        if module.training and isinstance(dropout, float) and dropout > 0:
            raise ValueError(f"probe: dropout must be off, got p = {dropout} in {name}; call model.eval() before probe")
        if module.training and isinstance(module, _BatchNorm):
            raise ValueError(
                f"probe: batch norm must not be in training mode, {name} is; call model.eval() before probe"
            )


def choose_parameters(model: nn.Module, choice: Choice) -> dict[str, nn.Parameter]:
    """The measured parameters by name: all that require gradients, or those that the choice names."""
    known = dict(model.named_parameters())
    if choice is None:
        chosen = {name: parameter for name, parameter in known.items() if parameter.requires_grad}
    elif callable(choice):
        chosen = {name: parameter for name, parameter in known.items() if choice(name, parameter)}
    else:
        chosen = _named(model, known, choice)
    if not chosen:
        raise ValueError("probe: parameters must select at least one parameter, got 0; call requires_grad_(True) on some")
    for name, parameter in chosen.items():
        if not parameter.requires_grad:
            raise ValueError(f"probe: {name} must require gradients; call requires_grad_(True) on it or leave it out")
        if not parameter.is_floating_point():
            raise TypeError(f"probe: {name} must have real floating-point values, got {parameter.dtype}; leave it out")
    return chosen


def _named(model: nn.Module, known: dict[str, nn.Parameter], names: Iterable[str]) -> dict[str, nn.Parameter]:
    if isinstance(names, str):
        raise TypeError(f"probe: parameters must be a list of names or a function, got {names!r}; put the name in a list")
    wanted = list(names)
    # A tied parameter has several names. The first of them is that of the layer.
    everything = dict(model.named_parameters(remove_duplicate=False))
    for name in wanted:
        if name not in everything:
            some = ", ".join(list(known)[:5])
            raise ValueError(f"probe: parameters must be names of the model, got {name!r}; its names begin with {some}")
    ids = {id(everything[name]) for name in wanted}
    return {name: parameter for name, parameter in known.items() if id(parameter) in ids}


def check_similarity(similarity: Any, count: int) -> Tensor | None:
    """The similarity as float32 [samples, samples], or None."""
    if similarity is None:
        return None
    values = torch.as_tensor(similarity, dtype=torch.float32, device="cpu").detach().clone()
    if values.shape != (count, count):
        raise ValueError(f"probe: similarity must have shape [{count}, {count}], got {list(values.shape)}; pass one row per sample")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("probe: similarity must be from 0 to 1, got other values; scale it")
    if not torch.equal(values, values.T):
        raise ValueError("probe: similarity must be symmetric, got other values; use (s + s.T) / 2")
    return values
