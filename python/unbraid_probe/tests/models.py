"""Small policies and language models for the tests."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from unbraid_probe import Sample


def policy(width=16, inputs=4, actions=3, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, actions)
    )


def policy_samples(count=6, inputs=4, actions=3, seed=1):
    generator = torch.Generator().manual_seed(seed)
    labels = ("good", "bad", "unknown")
    return [
        Sample(
            state=f"s{i // 2}",
            action=f"action {i % actions}",
            inputs=torch.randn(1, inputs, generator=generator),
            index=i % actions,
            label=labels[i % 3],
        )
        for i in range(count)
    ]


class Conv1D(nn.Module):
    """Hugging Face's Conv1D: a linear layer whose weight is [in, out]."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.randn(inputs, outputs) * 0.2),
            nn.Parameter(torch.randn(outputs) * 0.1),
        )

    def forward(self, x):
        return torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight).view(*x.shape[:-1], -1)


class Lora(nn.Module):
    """A frozen linear layer plus a trained product of rank 2."""

    def __init__(self, width):
        super().__init__()
        self.base, self.a, self.b = (
            nn.Linear(width, width),
            nn.Linear(width, 2, bias=False),
            nn.Linear(2, width, bias=False),
        )
        self.base.requires_grad_(False)

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


class Attention(nn.Module):
    def __init__(self, width, kind):
        super().__init__()
        self.qkv = Conv1D(width, 3 * width) if kind == "conv1d" else nn.Linear(width, 3 * width)
        self.out = Lora(width) if kind == "lora" else nn.Linear(width, width, bias=False)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True))


class Block(nn.Module):
    def __init__(self, width, kind):
        super().__init__()
        self.norm1 = nn.RMSNorm(width) if kind == "rms" else nn.LayerNorm(width)
        self.norm2, self.attention = nn.LayerNorm(width), Attention(width, kind)
        self.up, self.relu, self.down = nn.Linear(width, 2 * width), nn.ReLU(inplace=True), nn.Linear(2 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(self.relu(self.up(self.norm2(x))))


class LanguageModel(nn.Module):
    """A causal language model with learnt positions.

    kind: plain, conv1d, rms, lora or checkpoint. tied: the head is the weight of the tokens by "function" or "module",
    or a weight of its own ("no").
    """

    def __init__(
        self, vocabulary=32, width=8, blocks=2, kind="plain", tied="function", padding=None, seed=0, positions=16
    ):
        super().__init__()
        torch.manual_seed(seed)
        self.tokens = nn.Embedding(vocabulary, width, padding_idx=padding)
        self.positions = nn.Embedding(positions, width)
        self.blocks = nn.ModuleList(Block(width, kind) for _ in range(blocks))
        self.norm, self.kind, self.tied = nn.LayerNorm(width), kind, tied
        if tied != "function":
            self.head = nn.Linear(width, vocabulary, bias=False)
        if tied == "module":
            self.head.weight = self.tokens.weight
        if kind == "lora":
            for name, parameter in self.named_parameters():
                parameter.requires_grad_(".a." in name or ".b." in name)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[-1]))
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if self.kind == "checkpoint" else block(x)
        x = self.norm(x)
        return F.linear(x, self.tokens.weight) if self.tied == "function" else self.head(x)


def language_samples(count=5, vocabulary=32, state_tokens=5, action_tokens=3, seed=2, first=0):
    generator = torch.Generator().manual_seed(seed)

    def tokens(n):
        return torch.randint(first, vocabulary, (n,), generator=generator).tolist()

    return [
        Sample(
            state=f"s{i // 2}",
            action=f"action {i}",
            inputs=tokens(state_tokens + i % 2),
            index=tokens(action_tokens - i % 2),
            label="good" if i % 2 == 0 else "bad",
        )
        for i in range(count)
    ]
