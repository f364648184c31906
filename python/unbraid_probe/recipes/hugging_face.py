"""A causal language model of Hugging Face, made from a config without a download. Others work the same way.

python recipes/hugging_face.py hugging_face.safetensors
"""

import sys

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from unbraid_probe import Sample, causal_log_prob, probe

torch.manual_seed(1)
torch.set_num_threads(1)

samples = [
    Sample(f"{thing} {want}", f"{verb} the {thing}", text=f"make the {thing} {want} :", label="good" if fits else "bad")
    for thing in ("apple", "potato", "egg", "mug")
    for want, right in (("hot", "heat"), ("cold", "cool"))
    for verb in ("heat", "cool")
    for fits in [verb == right]
]
words = sorted({word for sample in samples for word in f"{sample.text} {sample.action}".split()})
vocabulary = {word: number for number, word in enumerate(["<unknown>", *words])}
words_only = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
words_only.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words_only, unk_token="<unknown>")

# The shape of SmolLM2, but small: grouped queries, RMS norms, a gated MLP, and a head tied with the tokens.
config = LlamaConfig(
    **{"hidden_size": 48, "intermediate_size": 128, "num_hidden_layers": 3, "vocab_size": len(vocabulary)},
    **{"num_attention_heads": 6, "num_key_value_heads": 2, "tie_word_embeddings": True},
)
model = LlamaForCausalLM(config).eval()

bank = probe(model, samples, causal_log_prob(tokenizer), name="tiny Llama", dtype="float16")
norms = bank.gram().diagonal().sqrt()
cosine = bank.gram() / norms.outer(norms)
good = torch.tensor([sample.label == "good" for sample in samples])
explicit = 2 * len(samples) * sum(parameter.numel() for parameter in model.parameters())
stored = sum(tensor.nbytes for layer in bank.layers for tensor in layer.tensors.values())
print(f"torch {torch.__version__}, transformers {transformers.__version__}")
print(f"mean cosine of good-bad pairs: {float(cosine[good][:, ~good].mean()):.3f}")
print(f"{stored} bytes of factors, {explicit} bytes of explicit gradients")
print("\n".join(bank.notes))
path = sys.argv[1] if len(sys.argv) > 1 else "bank.safetensors"
bank.save(path)
