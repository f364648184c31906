"""Ways in which models differ: distributions, 16-bit values, autocast, tokenizers, choice of parameters."""

from dataclasses import replace

import pytest
import torch
from models import LanguageModel, language_samples, policy, policy_samples
from reference import error, explicit, explicit_gram
from torch import nn
from torch.distributions import Categorical, Normal

from unbraid_probe import Sample, categorical_log_prob, causal_log_prob, probe

language = causal_log_prob(None)


class WithDistribution(nn.Module):
    def __init__(self, create, actions=3):
        super().__init__()
        self.inner, self.create = policy(actions=actions), create

    def forward(self, x):
        return self.create(self.inner(x))


def test_categorical_distribution_equals_logits():
    model, samples = WithDistribution(lambda logits: Categorical(logits=logits)), policy_samples()
    expected = probe(model.inner, samples).gram()
    torch.testing.assert_close(probe(model, samples).gram(), expected, rtol=1e-5, atol=1e-6)


def test_continuous_actions():
    model = WithDistribution(lambda mean: Normal(mean, 0.5), actions=2)
    samples = [replace(s, index=[0.1 * i, -0.2]) for i, s in enumerate(policy_samples())]
    bank = probe(model, samples)
    mean = model.inner(samples[1].inputs)[0].detach()
    log_density = Normal(mean, 0.5).log_prob(torch.tensor([0.1, -0.2])).sum()
    assert abs(bank.log_probs[1] - float(log_density)) < 1e-5
    assert error(bank, model, samples, categorical_log_prob) < 1e-5


@pytest.mark.parametrize("dtype, tolerance, eps", [(torch.bfloat16, 0.05, "8e-03"), (torch.float16, 0.01, "1e-03")])
def test_parameters_of_16_bits(dtype, tolerance, eps):
    model, samples = LanguageModel(vocabulary=200).to(dtype), language_samples(vocabulary=200)
    bank = probe(model, samples, language)
    truth = explicit_gram(explicit(model, samples, language))
    assert (bank.gram() - truth).abs().max() < tolerance * truth.diagonal().max()
    assert any(
        f"parameters have 16-bit values, so gradients have relative errors of about {eps}" in n for n in bank.notes
    )
    # The rounding of these types is not taken for another use of a weight.
    assert not any("Autograd" in note for note in bank.notes)
    assert next(layer.kind for layer in bank.layers if layer.name == "tokens.weight") == "rows"


def test_autocast():
    def log_prob(model, sample):
        with torch.autocast("cpu", torch.bfloat16):
            return language(model, sample)

    model, samples = LanguageModel(vocabulary=200), language_samples(vocabulary=200)
    bank = probe(model, samples, log_prob)
    grads = [
        torch.cat([g.flatten() for g in torch.autograd.grad(log_prob(model, s), list(model.parameters()))])
        for s in samples
    ]
    truth = torch.stack(grads).double() @ torch.stack(grads).double().T
    assert (bank.gram() - truth).abs().max() < 5e-3 * truth.diagonal().max()
    assert not any("Autograd" in note for note in bank.notes)


def test_autocast_rounds_the_inputs():
    def log_prob(model, sample):
        with torch.autocast("cpu", torch.bfloat16):
            return model(sample.inputs).sum()

    samples = [Sample("s", "a", torch.full((1, 1), 1 + 2**-10))]
    assert probe(nn.Linear(1, 1), samples, log_prob).gram("weight").item() == 1


def test_causal_log_prob_is_that_of_each_next_token():
    model, sample = LanguageModel(), language_samples(1)[0]
    ids, expected = list(sample.inputs), 0.0
    for token in sample.index:
        expected += float(model(torch.tensor([ids]))[0, -1].log_softmax(0)[token].detach())
        ids.append(token)
    assert abs(float(language(model, sample).detach()) - expected) < 1e-5


def test_sample_of_several_tokens_is_the_sum_over_its_tokens():
    model, sample = LanguageModel(), language_samples(1)[0]
    parts = [
        replace(sample, inputs=sample.inputs + sample.index[:k], index=[token]) for k, token in enumerate(sample.index)
    ]
    whole, single = probe(model, [sample], language), probe(model, parts, language)
    assert abs(whole.log_probs[0] - sum(single.log_probs)) < 1e-5
    torch.testing.assert_close(whole.gram().sum(), single.gram().sum(), rtol=1e-5, atol=0)


def test_tokenizers():
    class Encoding:
        def __init__(self, ids):
            self.ids = ids

    class WithStart:
        def encode(self, text, add_special_tokens):
            return Encoding(([1] if add_special_tokens else []) + [ord(c) % 32 for c in text])

    sample = Sample("s", "ab", text="xyz")
    explicit_ids = replace(sample, inputs=[1, *(ord(c) % 32 for c in "xyz")], index=[ord(c) % 32 for c in "ab"])
    model = LanguageModel()
    expected = probe(model, [explicit_ids], language).log_probs
    assert probe(model, [sample], causal_log_prob(WithStart())).log_probs == expected
    plain = causal_log_prob(lambda text: [ord(c) % 32 for c in text])
    assert (
        probe(model, [sample], plain).log_probs
        == probe(model, [replace(explicit_ids, inputs=explicit_ids.inputs[1:])], language).log_probs
    )


def test_logits_in_an_object():
    class Output:
        def __init__(self, logits):
            self.logits = logits

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = LanguageModel()

        def forward(self, ids):
            return Output(self.inner(ids))

    samples = language_samples()
    assert torch.equal(probe(Wrapped(), samples, language).gram(), probe(LanguageModel(), samples, language).gram())


def test_choice_of_parameters():
    model, samples = policy(), policy_samples()
    whole = probe(model, samples)
    by_name = probe(model, samples, parameters=["2.weight", "0.bias"])
    by_rule = probe(model, samples, parameters=lambda name, parameter: parameter.dim() == 1)
    assert [layer.name for layer in by_name.layers] == ["0.bias", "2.weight"]
    assert [layer.name for layer in by_rule.layers] == ["0.bias", "2.bias", "4.bias"]
    torch.testing.assert_close(by_name.gram(), whole.gram("0.bias") + whole.gram("2.weight"))
    tied = probe(LanguageModel(tied="module"), language_samples(), language, parameters=["head.weight"])
    assert [layer.name for layer in tied.layers] == ["tokens.weight"]
    assert tied.notes[-1].startswith("tokens.weight is tied with head.weight")


def test_model_is_left_as_it_was():
    model, samples = policy(), policy_samples()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        bank = probe(model, samples)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(bank.gram(), probe(model, samples).gram())
