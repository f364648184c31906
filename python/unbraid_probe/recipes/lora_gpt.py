"""A small GPT in plain torch with LoRA on its attention: only the LoRA matrices are measured, as explicit gradients.

python recipes/lora_gpt.py lora_gpt.safetensors
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from unbraid_probe import Sample, causal_log_prob, probe

torch.manual_seed(1)
torch.set_num_threads(1)


class Lora(nn.Module):
    """A frozen linear layer plus a trained product. With B = 0, as before training, the gradient of A would be 0."""

    def __init__(self, inputs, outputs, rank=4):
        super().__init__()
        self.base, self.A = nn.Linear(inputs, outputs), nn.Linear(inputs, rank, bias=False)
        self.B = nn.Linear(rank, outputs, bias=False)

    def forward(self, x):
        return self.base(x) + self.B(self.A(x))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = Lora(width, 3 * width), Lora(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (4, -1)).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


gpt = nn.Sequential(nn.Embedding(256, 64), Block(64), Block(64), nn.LayerNorm(64), nn.Linear(64, 256))
for name, parameter in gpt.named_parameters():
    parameter.requires_grad_("A.weight" in name or "B.weight" in name)

samples = [
    Sample(f"{thing} {want}", f"{verb} the {thing}", text=f"make the {thing} {want}: ", label="good" if fits else "bad")
    for thing in ("apple", "potato", "egg", "mug")
    for want, right in (("hot", "heat"), ("cold", "cool"))
    for verb in ("heat", "cool")
    for fits in [verb == right]
]
bank = probe(gpt, samples, causal_log_prob(lambda text: list(text.encode())), name="small GPT with LoRA")
norms, good = bank.gram().diagonal().sqrt(), torch.tensor([sample.label == "good" for sample in samples])
cosine = bank.gram() / norms.outer(norms)
print("forms of the gradients:", sorted({layer.kind for layer in bank.layers}))
print(f"mean cosine of good-bad pairs: {float(cosine[good][:, ~good].mean()):.3f}")
path = sys.argv[1] if len(sys.argv) > 1 else "bank.safetensors"
bank.save(path)
