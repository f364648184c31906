"""A sketch is a random projection whose inner products have the right mean."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from models import LanguageModel, language_samples, policy_samples
from reference import error, explicit, explicit_gram

import unbraid_probe
from unbraid_probe import Sketch, categorical_log_prob, causal_log_prob, probe
from unbraid_probe.sketch import create_projection

language = causal_log_prob(None)


def sketched(size, seed=0, model=None):
    return probe(model or LanguageModel(), language_samples(), language, sketch=Sketch(size, seed))


def test_layers_and_sizes():
    layers = {layer.name: layer for layer in sketched(6).layers}
    assert layers["tokens.weight"].kind == "sketch" and layers["tokens.weight"].tensors["g"].shape == (5, 36)
    assert layers["norm.weight"].kind == "gradients"
    layers = {layer.name: layer for layer in sketched(8).layers}
    # One side of 8 stays as it is.
    assert layers["tokens.weight"].tensors["g"].shape == (5, 64)
    assert layers["blocks.0.attention.out.weight"].kind != "sketch"


def test_large_sketch_is_exact():
    model = LanguageModel()
    bank = sketched(1000, model=model)
    assert error(bank, model, language_samples(), language) < 1e-5


@pytest.mark.parametrize("kind", ["plain", "conv1d"])
def test_mean_over_seeds_within_four_standard_errors(kind):
    model, samples = LanguageModel(blocks=1, kind=kind), language_samples()
    truth = explicit_gram(explicit(model, samples, language))
    grams = torch.stack([sketched(4, seed, model).gram() for seed in range(100)])
    errors = (grams.mean(0) - truth) / (grams.std(0) / 100**0.5)
    assert errors.abs().max() < 4
    # The interval is short enough to show a wrong factor.
    assert (grams.std(0) / 100**0.5).max() < 0.05 * truth.diagonal().max()


def test_mean_over_seeds_of_explicit_fallbacks():
    class Squared(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.weight = torch.nn.Parameter(torch.randn(12, 9))

        def forward(self, x):
            return (x @ self.weight.square()).reshape(3, 3).sum(1)

    model, samples = Squared(), policy_samples(inputs=12)
    truth = explicit_gram(explicit(model, samples, categorical_log_prob))
    grams = torch.stack([probe(model, samples, sketch=Sketch(4, seed)).gram() for seed in range(700)])
    errors = (grams.mean(0) - truth) / (grams.std(0) / 700**0.5)
    assert errors.abs().max() < 4


def test_equal_seeds_give_equal_signs_in_every_process():
    program = """
import torch
from unbraid_probe.sketch import Sketch, create_projection
p = create_projection(Sketch(4, 7), "layer.weight", torch.Size([9, 6]), torch.float32)
print((p.left > 0).int().flatten().tolist(), (p.right > 0).int().flatten().tolist())
"""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(Path(unbraid_probe.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert outputs[0] == outputs[1] and len(set(outputs[0])) > 3


def test_sides_of_a_square_weight_have_different_signs():
    projection = create_projection(Sketch(4, 7), "layer.weight", torch.Size([9, 9]), torch.float32)
    assert projection.left.shape == projection.right.shape and not torch.equal(projection.left, projection.right)


def test_seed_and_name_change_the_signs():
    banks = [sketched(4, seed) for seed in (0, 0, 1)]
    g = [next(layer for layer in bank.layers if layer.kind == "sketch").tensors["g"] for bank in banks]
    assert torch.equal(g[0], g[1]) and not torch.equal(g[0], g[2])
