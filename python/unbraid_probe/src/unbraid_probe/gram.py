"""Inner products of the samples' gradients, from their stored form. A check in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor

from .layer import Layer


def layer_gram(layer: Layer, samples: int) -> Tensor:
    """The float64 matrix [samples, samples] of inner products of one parameter's gradients."""
    if layer.kind != "rows":
        g = layer.value("g")
        return g @ g.T
    gram = torch.zeros(samples, samples, dtype=torch.float64)
    dense, embedded = "x" in layer.tensors, "e" in layer.tensors
    if dense:
        x, d, owner = layer.value("x"), layer.value("d"), layer.tensors["sample"].long()
        for i in range(samples):
            own = owner == i
            gram[i].index_add_(0, owner, ((x[own] @ x.T) * (d[own] @ d.T)).sum(0))
    if embedded:
        e, token, reader = layer.value("e"), layer.tensors["token"].long(), layer.tensors["tokenSample"].long()
        for i in range(samples):
            own = reader == i
            equal = token[own, None] == token[None]
            gram[i].index_add_(0, reader, ((e[own] @ e.T) * equal).sum(0))
    if dense and embedded:
        # <outer(d, x), e in row t> = d[t] <x, e>
        for i in range(samples):
            own = owner == i
            products = torch.zeros(samples, dtype=torch.float64)
            products.index_add_(0, reader, ((x[own] @ e.T) * d[own][:, token]).sum(0))
            gram[i] += products
            gram[:, i] += products
    return gram
