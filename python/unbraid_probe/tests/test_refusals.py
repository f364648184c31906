"""Wrong arguments and models get an error that names the rule, the value and the next step."""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from models import LanguageModel, language_samples, policy, policy_samples
from torch import nn
from torch.utils.checkpoint import checkpoint

from unbraid_probe import Sample, Sketch, causal_log_prob, probe

one = policy_samples(count=1)
SHAPE = re.compile(r"^(\w+: .+ must .+)(, got |, sample |, \S+ is|; )", re.S)


def refused(words, *args, **kwargs):
    with pytest.raises((TypeError, ValueError)) as caught:
        probe(*args, **kwargs)
    message = str(caught.value)
    assert words in message and SHAPE.match(message) and "; " in message and not message.endswith("."), message


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"state": 3}, "Sample: state must be text, got 3; pass a str"),
        ({"action": None}, "Sample: action must be text, got None; pass a str"),
        ({"text": 1}, "Sample: text must be text, got 1; pass a str"),
        ({"label": "great"}, "Sample: label must be one of good, bad, unknown, got 'great'; pass one of them"),
        ({"group": 1.5}, "Sample: group must be an int or None, got 1.5; number the groups from 0"),
        ({"group": True}, "Sample: group must be an int or None, got True; number the groups from 0"),
        ({"advantage": math.nan}, "Sample: advantage must be a finite number or None, got nan; pass a float"),
        ({"advantage": "1"}, "Sample: advantage must be a finite number or None, got '1'; pass a float"),
    ],
)
def test_samples(fields, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        Sample(**{"state": "s", "action": "a", **fields})


@pytest.mark.parametrize("fields", [{"size": 0}, {"size": 2.0}, {"size": True}, {"size": 4, "seed": -1}])
def test_sketches(fields):
    name = "seed" if "seed" in fields else "size"
    with pytest.raises(ValueError, match=f"Sketch: {name} must be an int >= "):
        Sketch(**fields)


@pytest.mark.parametrize(
    "samples, options, words",
    [
        ([], {}, "probe: samples must not be empty, got 0; pass at least one Sample"),
        (one[0], {}, "probe: samples must be a list of Sample, got one Sample; put it in a list"),
        (["s"], {}, "probe: sample 0 must be a Sample, got str; wrap it in Sample(...)"),
        (one, {"log_prob": 3}, "probe: log_prob must be a function of model and sample, got 3"),
        (one, {"dtype": "int8"}, "probe: dtype must be one of float16, float32, float64, got 'int8'"),
        (one, {"dtype": torch.float32}, "probe: dtype must be one of float16, float32, float64, got torch.float32"),
        (one, {"sketch": 64}, "probe: sketch must be a Sketch or None, got 64; pass Sketch(size=64)"),
        (one, {"parameters": "0.bias"}, "probe: parameters must be a list of names or a function, got '0.bias'"),
        (
            one,
            {"parameters": ["x"]},
            "probe: parameters must be names of the model, got 'x'; its names begin with 0.weight",
        ),
        (one, {"parameters": []}, "probe: parameters must select at least one parameter, got 0"),
        (
            one,
            {"parameters": lambda name, parameter: False},
            "probe: parameters must select at least one parameter, got 0",
        ),
        (one, {"similarity": [0.5]}, "probe: similarity must have shape [1, 1], got [1]"),
        (one, {"similarity": [[1.5]]}, "probe: similarity must be from 0 to 1"),
        (one, {"similarity": [[math.nan]]}, "probe: similarity must be from 0 to 1"),
        (policy_samples(2), {"similarity": [[1, 0], [0.5, 1]]}, "probe: similarity must be symmetric"),
    ],
)
def test_arguments(samples, options, words):
    refused(words, policy(), samples, **options)


@pytest.mark.parametrize(
    "log_prob, words",
    [
        (
            lambda model, sample: 1.0,
            "probe: log_prob must return a scalar tensor, got float for sample 0; sum over tokens",
        ),
        (
            lambda model, sample: model(sample.inputs),
            "probe: log_prob must return a scalar tensor, got [1, 3] for sample 0",
        ),
        (
            lambda model, sample: torch.tensor(1.0),
            "probe: log_prob must depend on the parameters, sample 0 has no gradient",
        ),
        (lambda model, sample: model(sample.inputs).sum() * math.inf, "probe: log_prob must be finite, got"),
        (lambda model, sample: model(sample.inputs).sum() + torch.rand(()), "must return the same value again, got"),
        (
            lambda model, sample: (model(sample.inputs) * 0).sum().sqrt(),
            "probe: gradients must be finite, got NaN or infinity in 0.weight for sample 0",
        ),
        (
            lambda model, sample: model(F.dropout(sample.inputs)).sum(),
            "probe: dropout must be off, got an active one in dropout",
        ),
    ],
)
def test_results_of_log_prob(log_prob, words):
    refused(words, policy(), one, log_prob)


@pytest.mark.parametrize(
    "sample, words",
    [
        (Sample("s", "a"), "inputs must be set, got None for state 's'"),
        (Sample("s", "a", torch.zeros(4)), "index must be set, got None for state 's'"),
        (Sample("s", "a", torch.zeros(4), 3), "index must be an int from 0 to 2, got 3"),
        (Sample("s", "a", torch.zeros(4), -1), "index must be an int from 0 to 2, got -1"),
        (Sample("s", "a", torch.zeros(4), 0.5), "index must be an int from 0 to 2, got 0.5"),
        (Sample("s", "a", torch.zeros(2, 4), 0), "logits must have shape [actions] or [1, actions], got [2, 3]"),
    ],
)
def test_categorical(sample, words):
    refused(f"categorical_log_prob: {words}", policy(), [sample])


def test_categorical_with_another_output():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = policy()

        def forward(self, x):
            return self.inner(x), x

    refused("categorical_log_prob: the model must return logits or a Distribution, got tuple", Pair(), one)


@pytest.mark.parametrize(
    "sample, words",
    [
        (Sample("s", "a"), "text or inputs must be set, got None for state 's'"),
        (Sample("s", "a", [], [1]), "the state must have at least one token, got 0"),
        (Sample("s", "a", [1], []), "the action must have at least one token, got 0"),
    ],
)
def test_causal(sample, words):
    refused(f"causal_log_prob: {words}", LanguageModel(), [sample], causal_log_prob(None))


def test_causal_with_another_output():
    model = nn.Sequential(nn.Embedding(9, 4))
    model.forward = lambda ids: model[0](ids)[0]
    refused(
        "must return logits of shape [1, 2, vocabulary], got [2, 4]",
        model,
        [Sample("s", "a", [1], [2])],
        causal_log_prob(None),
    )


@pytest.mark.parametrize(
    "layer, words",
    [
        (nn.Dropout(0.5), "probe: dropout must be off, got p = 0.5 in 1; call model.eval() before probe"),
        (nn.BatchNorm1d(16), "probe: batch norm must not be in training mode, 1 is; call model.eval() before probe"),
        (nn.MultiheadAttention(16, 2, dropout=0.1), "probe: dropout must be off, got p = 0.1 in 1"),
    ],
)
def test_layers_in_training_mode(layer, words):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), layer, nn.Linear(16, 3))
    refused(words, model, one)
    if not isinstance(layer, nn.MultiheadAttention):
        assert probe(model.eval(), one).gram().shape == (1, 1)


def test_dropout_in_attention():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            h = self.layer(x)
            return F.scaled_dot_product_attention(h, h, h, dropout_p=0.1)

    refused("probe: dropout must be off, got an active one in scaled_dot_product_attention", Model(), one)


def test_model():
    refused("probe: model must be a torch.nn.Module, got function", lambda x: x, one)
    complex_model = policy()
    complex_model.extra = nn.Parameter(torch.zeros(2, dtype=torch.complex64))
    refused("probe: extra must have real floating-point values, got torch.complex64", complex_model, one)
    frozen = policy().requires_grad_(False)
    refused(
        "probe: parameters must select at least one parameter, got 0; call requires_grad_(True) on some", frozen, one
    )
    refused(
        "probe: 0.bias must require gradients; call requires_grad_(True) on it or leave it out",
        frozen,
        one,
        parameters=["0.bias"],
    )


def test_reentrant_checkpoint():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 3)

        def forward(self, x):
            return checkpoint(self.last, self.first(x), use_reentrant=True)

    refused(
        "probe: checkpointing must not be reentrant, got torch.utils.checkpoint with use_reentrant=True", Model(), one
    )


def test_inputs_modified_in_place():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 3)

        def forward(self, x):
            x = x.clone()
            y = self.first(x)
            x.zero_()
            return self.last(y)

    refused("probe: inputs of first.weight must not be modified in place, sample 0 did", Model(), one)


def test_parameters_changed_by_the_model():
    model = nn.Sequential(nn.Embedding(9, 4, max_norm=0.5), nn.Linear(4, 3))
    refused("probe: log_prob must not change parameters, sample 0 did", model, [Sample("s", "a", torch.tensor(1), 0)])


def test_not_finite_gradient_of_a_bias():
    def log_prob(model, sample):
        return (model(sample.inputs) * 0).sum().sqrt()

    words = "probe: gradients must be finite, got NaN or infinity in 0.bias for sample 0"
    refused(words, policy(), one, log_prob, parameters=["0.bias"])


def test_not_finite_parameter():
    model = LanguageModel()
    with torch.no_grad():
        model.norm.weight[0] = math.nan
    refused("probe: log_prob must be finite, got nan for sample 0", model, language_samples(), causal_log_prob(None))


def test_unknown_layer_of_gram():
    bank = probe(policy(), one)
    words = "gram: layer must be a measured parameter, got 'x'; pass one of 0.weight, 0.bias"
    with pytest.raises(ValueError, match=re.escape(words)):
        bank.gram("x")
