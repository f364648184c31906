"""Reads the graph of autograd: which uses of a parameter contribute to a value."""

from __future__ import annotations

from collections import Counter
from typing import Any

from torch import Tensor


def walk(value: Tensor) -> tuple[set[Any], Counter[int]]:
    """All nodes behind a value that has a gradient, and how many edges lead to each leaf (by id of the leaf)."""
    nodes: set[Any] = {value.grad_fn}
    leaves: Counter[int] = Counter()
    waiting: list[Any] = [value.grad_fn]
    while waiting:
        node = waiting.pop()
        if node.name() == "CheckpointFunctionBackward":
            raise ValueError(
                "probe: checkpointing must not be reentrant, got torch.utils.checkpoint with use_reentrant=True; "
                "pass use_reentrant=False or turn checkpointing off"
            )
        for following, _ in node.next_functions:
            if following is None:
                continue
            if hasattr(following, "variable"):
                leaves[id(following.variable)] += 1
            if following not in nodes:
                nodes.add(following)
                waiting.append(following)
    return nodes, leaves
