"""Records every use of a measured weight by F.linear, torch.addmm and F.embedding."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.overrides import TorchFunctionMode


@dataclass
class Use:
    """One call of a function with a measured weight.

    kind: "linear" for x W^T, "addmm" for x W, "embedding" for rows of W.
    input: the rows x, or the tokens of an embedding. version: its version at the time of the call.
    edge: place in the graph where the gradient of the call's output arrives.
    padding: token whose row gets no gradient.
    """

    kind: str
    weight: Tensor
    input: Tensor
    version: int
    edge: GradientEdge
    padding: int | None = None


Found = tuple[str, Tensor, Tensor, "int | None"]


def _linear(input: Tensor, weight: Tensor, bias: Any = None) -> Found | None:
    return "linear", weight, input, None


def _addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Found | None:
    return ("addmm", mat2, mat1, None) if alpha == 1 else None


def _embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Found | None:
    # Autograd divides these gradients by the counts of the tokens, so they are measured whole.
    if scale_grad_by_freq:
        return None
    padding = padding_idx if padding_idx is None or padding_idx >= 0 else len(weight) + padding_idx
    return "embedding", weight, input, padding


def _torch_embedding(weight: Tensor, indices: Tensor, padding_idx: int = -1, *rest: Any, **named: Any) -> Found | None:
    return _embedding(indices, weight, None if padding_idx < 0 else padding_idx, None, 2.0, *rest, **named)


_FUNCTIONS: dict[Any, Callable[..., Found | None]] = {
    F.linear: _linear,
    torch.addmm: _addmm,
    F.embedding: _embedding,
    torch.embedding: _torch_embedding,
}


def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> float:
    return p if training else 0.0


def _torch_dropout(input: Tensor, p: float, train: bool) -> float:
    return p if train else 0.0


def _attention(*args: Any, dropout_p: float = 0.0, **named: Any) -> float:
    return args[4] if len(args) > 4 else dropout_p


_RANDOM: dict[Any, Callable[..., float]] = {
    F.dropout: _dropout,
    F.dropout1d: _dropout,
    F.dropout2d: _dropout,
    F.dropout3d: _dropout,
    F.alpha_dropout: _dropout,
    F.feature_alpha_dropout: _dropout,
    torch.dropout: _torch_dropout,
    F.scaled_dot_product_attention: _attention,
}


class Recorder(TorchFunctionMode):
    """Collects the uses of the given weights while it is entered."""

    def __init__(self, weights: Collection[Tensor]) -> None:
        super().__init__()
        self._ids = {id(weight) for weight in weights}
        self.uses: list[Use] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        random = _RANDOM.get(func)
        if random is not None and random(*args, **kwargs) > 0:
            raise ValueError(
                f"probe: dropout must be off, got an active one in {func.__name__}; call model.eval() before probe"
            )
        output = func(*args, **kwargs)
        bind = _FUNCTIONS.get(func)
        if bind is None or not output.requires_grad:
            return output
        try:
            found = bind(*args, **kwargs)
        except TypeError:
            # An older form of the arguments. The weight is then measured whole.
            return output
        if found is None or id(found[1]) not in self._ids:
            return output
        kind, weight, input, padding = found
        self.uses.append(Use(kind, weight, input, input._version, get_gradient_edge(output), padding))
        # An in-place operation on a view would remove its edge from the graph.
        return output.clone() if output._is_view() else output
