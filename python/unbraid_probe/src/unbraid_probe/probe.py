"""Measures the per-sample gradients of a policy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from .bank import Bank
from .check import unlike
from .collector import Collector
from .layer import store_as
from .log_prob import LogProb, categorical_log_prob
from .measure import Measured, measure
from .notes import write_notes
from .refuse import Choice, check_mode, check_similarity, choose_parameters
from .sample import Sample, check_samples
from .sketch import Sketch, create_projection
from .steps import Probed, versions_of

_TYPES = {"float16": torch.float16, "float32": torch.float32, "float64": torch.float64}


def probe(
    model: nn.Module,
    samples: Iterable[Sample],
    log_prob: LogProb = categorical_log_prob,
    *,
    name: str | None = None,
    parameters: Choice = None,
    dtype: str = "float32",
    sketch: Sketch | None = None,
    similarity: Any = None,
) -> Bank:
    """Measures d log pi(action | state) / d parameters for every sample.

    log_prob: returns log pi of a sample as a scalar tensor. name: of the model; by default that of its class.
    parameters: names of the measured parameters, or a function of name and parameter; by default all that require
    gradients. dtype: type of the stored numbers, "float32", "float16" or "float64". sketch: store random projections.
    similarity: of the samples' states, [samples, samples], from 0 to 1.
    """
    listed = check_samples(samples)
    check_mode(model)
    if not callable(log_prob):
        raise TypeError(f"probe: log_prob must be a function of model and sample, got {log_prob!r}; pass a function")
    if dtype not in _TYPES:
        raise ValueError(f"probe: dtype must be one of {', '.join(_TYPES)}, got {dtype!r}; pass one of them")
    if sketch is not None and not isinstance(sketch, Sketch):
        raise TypeError(f"probe: sketch must be a Sketch or None, got {sketch!r}; pass Sketch(size=64)")
    measured = choose_parameters(model, parameters)
    likeness = check_similarity(similarity, len(listed))
    stored = _TYPES[dtype]
    working = torch.float64 if stored == torch.float64 else torch.float32
    probed = Probed(model, log_prob, measured, versions_of(measured))

    def one(number: int, whole: set[str], everything: bool = False) -> Measured:
        result = measure(model, listed[number], number, log_prob, measured, whole, working, everything)
        if versions_of(measured) != probed.versions:
            raise ValueError(f"probe: log_prob must not change parameters, sample {number} did; remove in-place changes")
        return result

    ends = {number: one(number, set(), True) for number in {0, len(listed) - 1}}
    whole = set().union(*(unlike(result) for result in ends.values()))
    first_values = {number: result.log_prob for number, result in ends.items()}
    del ends

    collectors = {
        key: Collector(
            *(key, parameter.shape, len(listed), working, stored.itemsize),
            None if sketch is None else create_projection(sketch, key, parameter.shape, working),
        )
        for key, parameter in measured.items()
    }
    values: list[float] = []
    dropped = total = 0
    for number in range(len(listed)):
        result = one(number, whole)
        _check_repeated(number, first_values.get(number, result.log_prob), result.log_prob)
        for key, rows in result.rows.items():
            collectors[key].add_rows(number, rows, result.kinds[key])
        for key, gradient in result.gradients.items():
            collectors[key].add_gradient(number, gradient)
            if gradient.dim() > 1:
                whole.add(key)
        values.append(result.log_prob)
        dropped, total = dropped + result.dropped, total + result.total
    layers = []
    for key in measured:
        layer = collectors.pop(key).layer()
        if layer is not None:
            store_as(layer, stored)
            layers.append(layer)
    return Bank(
        name=type(model).__name__ if name is None else name,
        samples=listed,
        log_probs=values,
        layers=layers,
        notes=write_notes(model, measured, layers, whole, dropped, total),
        similarity=likeness,
        probed=probed,
        log_prob_words=_words(log_prob),
    )


def _check_repeated(number: int, first: float, second: float) -> None:
    if abs(first - second) > 1e-5 * max(1.0, abs(first)):
        raise ValueError(
            f"probe: log_prob must return the same value again, got {first} and {second} for sample {number}; "
            "call model.eval() and remove noise"
        )


def _words(log_prob: LogProb) -> str:
    text = (log_prob.__doc__ or "").strip()
    return " ".join(text.split("\n\n")[0].split()) or f"value of {getattr(log_prob, '__qualname__', type(log_prob).__name__)}"
