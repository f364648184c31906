"""take_steps restores the parameters, and its changes are those that the Gram matrix predicts to first order."""

import pytest
import torch
from models import LanguageModel, language_samples, policy, policy_samples
from torch import nn

from unbraid_probe import Sketch, causal_log_prob, probe

language = causal_log_prob(None)
cases = [
    (policy, policy_samples, None, None),
    (LanguageModel, language_samples, language, None),
    (LanguageModel, language_samples, language, Sketch(2, 0)),
]


def measured(create, create_samples, log_prob, sketch, double=True):
    model = create().double() if double else create()
    samples = create_samples()
    if log_prob is None:
        samples = [type(s)(s.state, s.action, s.inputs.to(next(model.parameters()).dtype), s.index, label=s.label) for s in samples]
        return model, probe(model, samples, sketch=sketch, dtype="float64")
    return model, probe(model, samples, log_prob, sketch=sketch, dtype="float64")


@pytest.mark.parametrize("case", cases[:2])
def test_first_order_prediction(case):
    _, bank = measured(*case)
    steps = bank.take_steps([1e-6, 1e-3])
    predicted = torch.tensor(steps.sizes, dtype=torch.float64)[:, None] * (bank.gram() @ steps.weights)
    errors = (steps.change - predicted).norm(dim=1) / predicted.norm(dim=1)
    # The error of the first order is proportional to the size.
    assert errors[0] < 1e-5 and errors[1] < 1e-2 and 100 < errors[1] / errors[0] < 10000


@pytest.mark.parametrize("case", cases)
def test_steps_do_not_depend_on_the_stored_form(case):
    _, bank = measured(*case)
    _, exact = measured(case[0], case[1], case[2], None)
    assert torch.equal(bank.take_steps([1e-3]).change, exact.take_steps([1e-3]).change)


def test_parameters_are_restored_bit_by_bit():
    model, bank = measured(*cases[1], double=False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = bank.take_steps([0.1, 10.0])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(bank.take_steps([0.1, 10.0]).change, first.change)
    assert first.change.abs().max() > 0.1


def test_parameters_are_restored_after_an_error():
    model, samples, calls = policy(), policy_samples(), []

    def log_prob(model, sample):
        calls.append(1)
        if len(calls) == limit:
            raise RuntimeError("stop")
        return model(sample.inputs).log_softmax(1)[0, sample.index]

    limit = -1
    bank = probe(model, samples, log_prob)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    # Two backward passes and six values without a step come first.
    limit = len(calls) + 2 + 6 + 3
    with pytest.raises(RuntimeError, match="stop"):
        bank.take_steps([1.0])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    limit = -1
    assert bank.steps is None and bank.take_steps([1.0]).change.shape == (1, 6)


def test_default_weights_are_those_of_good_samples():
    _, bank = measured(*cases[0])
    steps = bank.take_steps([1e-3])
    assert steps.weights.tolist() == [0.5, 0, 0, 0.5, 0, 0] and steps.weights.dtype == torch.float64
    given = bank.take_steps([1e-3], [0.5, 0, 0, 0.5, 0, 0])
    assert torch.equal(steps.change, given.change)
    assert not torch.equal(bank.take_steps([1e-3], [0, 1, 0, 0, 0, 0]).change, given.change)


def test_unmeasured_parameters_do_not_move():
    model, samples = policy(), policy_samples()
    bank = probe(model, samples, parameters=["4.bias"], dtype="float64")
    assert [layer.name for layer in bank.layers] == ["4.bias"]
    steps = bank.take_steps([1e-3])
    predicted = 1e-3 * (bank.gram() @ steps.weights)
    torch.testing.assert_close(steps.change[0], predicted, rtol=0.02, atol=1e-6)


@pytest.mark.parametrize(
    "sizes, weights, words",
    [
        ([], None, "sizes must be a list of numbers, got []"),
        ("1", None, "sizes must be a list of numbers, got '1'"),
        ([0.0], None, "sizes must be finite numbers > 0, got 0.0"),
        ([float("nan")], None, "sizes must be finite numbers > 0, got nan"),
        ([1e-3], [1.0], "weights must be 6 finite numbers, not all 0"),
        ([1e-3], [0.0] * 6, "weights must be 6 finite numbers, not all 0"),
        ([1e-3], [float("inf")] * 6, "weights must be 6 finite numbers, not all 0"),
        ([1e308], None, "log pi after the step must be finite"),
    ],
)
def test_wrong_arguments(sizes, weights, words):
    model, bank = measured(*cases[0])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError) as caught:
        bank.take_steps(sizes, weights)
    assert f"take_steps: {words}" in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_samples_without_label_need_weights():
    samples = [type(s)(s.state, s.action, s.inputs, s.index) for s in policy_samples()]
    bank = probe(policy(), samples)
    with pytest.raises(ValueError, match="one sample must have label 'good', got 0; label samples or pass weights"):
        bank.take_steps([1e-3])


def test_changed_model_is_rejected():
    model, bank = measured(*cases[0])
    nn.init.zeros_(model[0].bias)
    with pytest.raises(ValueError, match="the model must not change after probe"):
        bank.take_steps([1e-3])
