"""Parameters that are not used by recorded functions alone get explicit gradients, with a note."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from models import policy_samples
from reference import error
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from unbraid_probe import categorical_log_prob, probe

NOTE = (
    "Autograd computed the whole gradient of these weights, because a function other than F.linear, torch.addmm and "
    "F.embedding uses them: "
)


class Wide(nn.Module):
    """A network around a layer of width 24, with enough rows that rows are the smaller form."""

    def __init__(self, layer):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.layer, self.last = nn.Linear(4, 24), layer, nn.Linear(24, 3)

    def forward(self, x):
        return self.last(self.layer(self.first(x).tanh()).tanh())


def measured(layer):
    model, samples = Wide(layer), policy_samples()
    bank = probe(model, samples)
    assert error(bank, model, samples, categorical_log_prob) < 1e-5
    return bank, {entry.name: entry.kind for entry in bank.layers}


def test_multihead_attention():
    class SelfAttention(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.MultiheadAttention(24, 2, batch_first=True)

        def forward(self, x):
            return self.inner(x, x, x, need_weights=False)[0]

    bank, kinds = measured(SelfAttention())
    assert kinds["layer.inner.in_proj_weight"] == kinds["layer.inner.out_proj.weight"] == "gradients"
    assert bank.notes == [NOTE + "layer.inner.in_proj_weight, layer.inner.out_proj.weight."]


def test_convolution():
    class Convolution(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x):
            return self.inner(x[None])[0]

    _, kinds = measured(Convolution())
    assert kinds["layer.inner.weight"] == "gradients"


def test_parametrised_weight():
    _, kinds = measured(weight_norm(nn.Linear(24, 24)))
    assert kinds["layer.parametrizations.weight.original1"] == "gradients"


class Also(nn.Module):
    """Uses its weight in F.linear and in another function, in some samples or in all."""

    def __init__(self, condition):
        super().__init__()
        self.inner, self.condition = nn.Linear(24, 24), condition

    def forward(self, x):
        y = self.inner(x)
        return y + x @ self.inner.weight.cos() if self.condition(x) else y


def test_weight_with_another_use():
    bank, kinds = measured(Also(lambda x: True))
    assert kinds["layer.inner.weight"] == "gradients"
    assert bank.notes == [NOTE + "layer.inner.weight."]


def test_weight_with_another_use_in_one_sample_in_the_middle():
    torch.manual_seed(0)
    samples = policy_samples()
    first = nn.Linear(4, 24)
    hidden = first(samples[2].inputs).tanh()
    bank, kinds = measured(Also(lambda x: torch.allclose(x.float(), hidden, atol=1e-5)))
    assert kinds["layer.inner.weight"] == "gradients" and bank.notes == [NOTE + "layer.inner.weight."]


def test_function_that_hides_a_use():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(x, y, weight):
            return y + x @ weight

        @staticmethod
        def setup_context(context, inputs, output):
            context.save_for_backward(inputs[0], inputs[2])

        @staticmethod
        def backward(context, gradient):
            x, weight = context.saved_tensors
            return gradient @ weight.T, gradient, x.T @ gradient

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(24, 24)

        def forward(self, x):
            return Hidden.apply(x, self.inner(x), self.inner.weight)

    bank, kinds = measured(Layer())
    assert bank.notes == [NOTE + "layer.inner.weight."]
    assert kinds["layer.inner.weight"] == "gradients"


def test_hook_that_changes_the_gradient():
    layer = nn.Linear(24, 24)
    layer.weight.register_hook(lambda gradient: 2 * gradient)
    torch.manual_seed(0)
    model, samples = Wide(layer), policy_samples()
    bank = probe(model, samples)
    gradients = [torch.autograd.grad(categorical_log_prob(model, s), layer.weight)[0].flatten() for s in samples]
    explicit = torch.stack(gradients).double()
    torch.testing.assert_close(bank.gram("layer.weight"), explicit @ explicit.T, rtol=1e-5, atol=1e-9)
    assert bank.notes == [NOTE + "layer.weight."]


def test_embedding_with_frequencies_and_sparse_gradients():
    class Bag(nn.Module):
        def __init__(self, **options):
            super().__init__()
            torch.manual_seed(0)
            self.tokens, self.head = nn.Embedding(50, 6, **options), nn.Linear(6, 3)

        def forward(self, ids):
            return self.head(self.tokens(ids).mean(0).tanh())

    # Only the fourth sample has a token twice.
    tokens = [torch.tensor([1, 1 if i == 3 else 20, i + 2, i + 3]) for i in range(6)]
    samples = [replace(sample, inputs=ids) for sample, ids in zip(policy_samples(), tokens, strict=True)]
    for options, kind in (({"scale_grad_by_freq": True}, "gradients"), ({"sparse": True}, "rows")):
        model = Bag(**options)
        bank = probe(model, samples)
        explicit = torch.stack(
            [
                torch.autograd.grad(categorical_log_prob(model, s), model.tokens.weight)[0].to_dense().flatten()
                for s in samples
            ]
        ).double()
        torch.testing.assert_close(bank.gram("tokens.weight"), explicit @ explicit.T, rtol=1e-5, atol=1e-9)
        assert {layer.name: layer.kind for layer in bank.layers}["tokens.weight"] == kind


def test_unused_parameter_is_left_out():
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x):
            return F.linear(x, self.used.weight)

    bank = probe(Partly(), policy_samples())
    assert [layer.name for layer in bank.layers] == ["used.weight"]
    assert bank.notes[-1] == (
        "Parameters without gradient in every sample are left out: used.bias, unused.weight, unused.bias."
    )
