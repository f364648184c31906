"""Models of Hugging Face, if transformers is installed: factors compared with gradients of autograd in float64."""

import pytest
import torch
from models import language_samples

from unbraid_probe import causal_log_prob, probe

transformers = pytest.importorskip("transformers")
language = causal_log_prob(None)
sizes = {"vocab_size": 200, "num_hidden_layers": 2, "num_attention_heads": 4}
models = {
    "llama": lambda: transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            hidden_size=32, intermediate_size=48, num_key_value_heads=2, tie_word_embeddings=True, **sizes
        )
    ),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=200, n_positions=32)
    ),
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", list(models))
def test_factors(name):
    torch.manual_seed(0)
    model, samples = models[name]().eval(), language_samples(vocabulary=200)
    bank = probe(model, samples, language)
    twin = models[name]().eval().double()
    twin.load_state_dict(model.state_dict())
    gradients = [torch.autograd.grad(language(twin, sample), list(twin.parameters())) for sample in samples]
    explicit = torch.stack([torch.cat([g.flatten() for g in found]) for found in gradients])
    truth = explicit @ explicit.T
    assert (bank.gram() - truth).abs().max() < 1e-5 * truth.diagonal().max()
    assert not any("Autograd" in note for note in bank.notes)
    kinds = {layer.name: layer.kind for layer in bank.layers}
    assert kinds["model.embed_tokens.weight" if name == "llama" else "transformer.wte.weight"] == "rows"
