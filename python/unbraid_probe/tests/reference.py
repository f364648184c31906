"""Explicit per-sample gradients from torch.func, in float64."""

from __future__ import annotations

import copy

import torch
from torch.func import functional_call, grad


def explicit(model, samples, log_prob):
    """Gradients {name: [samples, size]} of a float64 copy of the model. Tied parameters appear once."""
    twin = copy.deepcopy(model).double()
    parameters = {name: p.detach() for name, p in twin.named_parameters() if p.requires_grad}

    class Called(torch.nn.Module):
        """Calls the twin with given parameters."""

        def __init__(self, given):
            super().__init__()
            self.given = given
            self.held = [twin]

        def parameters(self, recurse=True):
            return twin.parameters(recurse)

        def forward(self, *args, **kwargs):
            return functional_call(self.held[0], self.given, args, kwargs)

    rows = {name: [] for name in parameters}
    for sample in samples:
        result = grad(lambda given: log_prob(Called(given), in_double(sample)))(parameters)
        for name, gradient in result.items():
            rows[name].append(gradient.flatten())
    return {name: torch.stack(found) for name, found in rows.items()}


def in_double(sample):
    """The sample with inputs in float64."""
    inputs = sample.inputs
    if isinstance(inputs, torch.Tensor) and inputs.is_floating_point():
        object.__setattr__(sample := copy.copy(sample), "inputs", inputs.double())
    return sample


def explicit_gram(gradients):
    """Sum of the Gram matrices of all parameters."""
    return sum(g.double() @ g.double().T for g in gradients.values())


def error(bank, model, samples, log_prob):
    """Largest error of the bank's Gram matrices, in sum and by layer, divided by the largest diagonal entry."""
    gradients = explicit(model, samples, log_prob)
    whole = explicit_gram(gradients)
    largest = float(whole.diagonal().max())
    worst = float((bank.gram() - whole).abs().max()) / largest
    for layer in bank.layers:
        g = gradients[layer.name]
        worst = max(worst, float((bank.gram(layer.name) - g @ g.T).abs().max()) / largest)
    missing = set(gradients) - {layer.name for layer in bank.layers}
    assert all(not gradients[name].any() for name in missing)
    return worst
