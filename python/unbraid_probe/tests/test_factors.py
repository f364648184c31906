"""Factors compared with explicit gradients of torch.func in float64, in units of the largest diagonal entry."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from models import Conv1D, LanguageModel, language_samples, policy, policy_samples
from reference import error
from torch import nn

from unbraid_probe import categorical_log_prob, causal_log_prob, probe

TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-3}
types = pytest.mark.parametrize("dtype", ["float32", "float16"])
language = causal_log_prob(None)


def kinds(bank):
    return {layer.name: layer.kind for layer in bank.layers}


@types
def test_policy(dtype):
    model, samples = policy(), policy_samples()
    bank = probe(model, samples, dtype=dtype)
    assert error(bank, model, samples, categorical_log_prob) < TOLERANCE[dtype]
    assert kinds(bank)["2.weight"] == "rows"


@types
@pytest.mark.parametrize("kind", ["plain", "conv1d", "rms", "lora", "checkpoint"])
@pytest.mark.parametrize("tied", ["function", "module", "no"])
def test_language_model(kind, tied, dtype):
    model, samples = LanguageModel(kind=kind, tied=tied), language_samples()
    bank = probe(model, samples, language, dtype=dtype)
    # torch.func cannot differentiate checkpoints. The plain model has the same parameters.
    reference = LanguageModel(tied=tied) if kind == "checkpoint" else model
    assert error(bank, reference, samples, language) < TOLERANCE[dtype]


def test_float64():
    model, samples = LanguageModel().double(), language_samples()
    bank = probe(model, samples, language, dtype="float64")
    assert error(bank, model, samples, language) < TOLERANCE["float64"]


def test_tied_weight_has_dense_and_embedding_rows():
    bank = probe(LanguageModel(vocabulary=200), language_samples(vocabulary=200), language)
    layer = next(layer for layer in bank.layers if layer.name == "tokens.weight")
    assert layer.kind == "rows" and set(layer.tensors) == {"x", "d", "sample", "e", "token", "tokenSample"}
    assert layer.tensors["x"].shape[1] == layer.tensors["e"].shape[1] == 8 and layer.tensors["d"].shape[1] == 200


def test_conv1d_has_its_input_in_x():
    bank = probe(LanguageModel(width=16, kind="conv1d"), language_samples(2, state_tokens=2), language)
    layer = next(layer for layer in bank.layers if layer.name == "blocks.0.attention.qkv.weight")
    assert layer.kind == "rows" and layer.shape == [16, 48]
    assert layer.tensors["x"].shape[1] == 16 and layer.tensors["d"].shape[1] == 48


def test_padding_token_has_no_gradient():
    model, samples = LanguageModel(vocabulary=200, tied="no", padding=0), language_samples(vocabulary=200)
    padded = [replace(sample, inputs=[0, 0, *sample.inputs]) for sample in samples]
    bank = probe(model, padded, language)
    assert error(bank, model, padded, language) < 1e-5
    layer = next(layer for layer in bank.layers if layer.name == "tokens.weight")
    assert layer.kind == "rows" and 0 not in layer.tensors["token"]


def test_padding_after_the_action_is_left_out():
    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = LanguageModel(vocabulary=200)

        def forward(self, ids):
            return self.inner(F.pad(ids, (0, 4)))[:, : ids.shape[1]]

    samples = language_samples(vocabulary=200)
    padded, plain = probe(Padded(), samples, language), probe(Padded().inner, samples, language)
    torch.testing.assert_close(padded.gram(), plain.gram(), rtol=1e-5, atol=0)
    rows = [sum(len(layer.tensors.get("x", ())) for layer in bank.layers) for bank in (padded, plain)]
    assert rows[0] == rows[1] and "left out" in padded.notes[0]


def test_weight_shared_by_two_layers_of_both_orientations():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.conv, self.last = nn.Linear(4, 9), Conv1D(9, 9), nn.Linear(9, 3)
            self.linear = nn.Linear(9, 9)
            self.linear.weight = self.conv.weight

        def forward(self, x):
            return self.last(self.linear(self.conv(self.first(x)).tanh()).tanh())

    model, samples = Shared(), policy_samples()
    bank = probe(model, samples)
    assert error(bank, model, samples, categorical_log_prob) < 1e-5
    assert any("conv.weight is tied with linear.weight" in note for note in bank.notes)
    assert not any("Autograd" in note for note in bank.notes)


@pytest.mark.parametrize("shape", [(1, 5, 4), (5, 4)])
def test_relu_in_place(shape):
    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.relu, self.last = nn.Linear(4, 40), nn.ReLU(inplace=True), nn.Linear(40, 3)

        def forward(self, x):
            return self.last(self.relu(self.first(x)).reshape(5, 40).mean(0))

    generator = torch.Generator().manual_seed(3)
    samples = [replace(s, inputs=torch.randn(*shape, generator=generator)) for s in policy_samples(count=20)]
    model = Pooled()
    bank = probe(model, samples)
    assert error(bank, model, samples, categorical_log_prob) < 1e-5
    assert not any("Autograd" in note for note in bank.notes)


def test_inputs_reused_by_the_next_sample():
    buffer = torch.zeros(1, 4)

    def log_prob(model, sample):
        return categorical_log_prob(model, replace(sample, inputs=buffer.copy_(sample.inputs)))

    model, samples = policy(), policy_samples()
    assert error(probe(model, samples, log_prob), model, samples, categorical_log_prob) < 1e-5


def test_smaller_form_is_stored():
    few, many = policy_samples(count=2), policy_samples(count=100)
    assert kinds(probe(policy(), few))["2.weight"] == "rows"
    # A row has 32 numbers and a number of its sample, the gradient 256 numbers.
    repeated = [replace(sample, inputs=sample.inputs.expand(8, 4)) for sample in few]
    mean = lambda model, sample: model(sample.inputs).mean(0).log_softmax(0)[sample.index]  # noqa: E731
    assert kinds(probe(policy(), repeated, mean))["2.weight"] == "gradients"
    assert kinds(probe(policy(), many))["2.weight"] == "rows"
    lora = probe(LanguageModel(kind="lora"), language_samples(), language)
    assert set(kinds(lora).values()) == {"gradients"}
