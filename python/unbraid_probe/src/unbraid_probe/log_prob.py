"""Functions `log_prob(model, sample)` that return log pi(action | state) as a scalar tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from .sample import Sample

LogProb = Callable[[nn.Module, Sample], Tensor]


def categorical_log_prob(model: nn.Module, sample: Sample) -> Tensor:
    """log pi of `sample.index` under `model(sample.inputs)`.

    The model returns logits of shape [actions] or [1, actions], or a torch Distribution. With a Distribution the index
    can also be the values of a continuous action; their log-densities are added.
    """
    if sample.inputs is None:
        raise ValueError(
            f"categorical_log_prob: inputs must be set, got None for state {sample.state!r}; set Sample.inputs"
        )
    if sample.index is None:
        raise ValueError(
            f"categorical_log_prob: index must be set, got None for state {sample.state!r}; set Sample.index"
        )
    output = model(sample.inputs)
    if isinstance(output, Distribution):
        device = next(model.parameters()).device
        return output.log_prob(torch.as_tensor(sample.index, device=device)).sum()
    if not isinstance(output, Tensor):
        raise TypeError(
            f"categorical_log_prob: the model must return logits or a Distribution, got {type(output).__name__}; "
            "pass a log_prob of your own"
        )
    if output.dim() not in (1, 2) or (output.dim() == 2 and output.shape[0] != 1):
        raise ValueError(
            f"categorical_log_prob: logits must have shape [actions] or [1, actions], got {list(output.shape)}; "
            "pass one state per sample"
        )
    logits = output.reshape(-1)
    index = sample.index
    if isinstance(index, bool) or not hasattr(index, "__index__") or not 0 <= int(index) < len(logits):
        raise ValueError(
            f"categorical_log_prob: index must be an int from 0 to {len(logits) - 1}, got {index!r}; number the actions"
        )
    return (
        logits.float().log_softmax(0)[int(index)]
        if logits.dtype != torch.float64
        else logits.log_softmax(0)[int(index)]
    )


def causal_log_prob(tokenizer: Any) -> LogProb:
    """A log_prob for causal language models: the sum of the log-probabilities of the action's tokens after the state.

    tokenizer: an object with `encode(text, add_special_tokens=...)`, as those of Hugging Face, or a function from text
    to token ids. The state is `sample.inputs` (text or token ids), or `sample.text` without inputs. The action is
    `sample.index` (token ids) or, without an index, the text `sample.action`. The two are tokenized separately. The
    model maps ids of shape [1, tokens] to logits of shape [1, tokens, vocabulary], as a tensor or in `.logits`.
    """

    def encode(value: Any, special: bool) -> list[int]:
        if not isinstance(value, str):
            return [int(token) for token in value]
        if hasattr(tokenizer, "encode"):
            encoded = tokenizer.encode(value, add_special_tokens=special)
        else:
            encoded = tokenizer(value)
        return [int(token) for token in getattr(encoded, "ids", encoded)]

    def log_prob(model: nn.Module, sample: Sample) -> Tensor:
        """sum of the log-probabilities of the action's tokens after the state"""
        state_value = sample.text if sample.inputs is None else sample.inputs
        if state_value is None:
            raise ValueError(
                f"causal_log_prob: text or inputs must be set, got None for state {sample.state!r}; set Sample.text"
            )
        state = encode(state_value, True)
        action = encode(sample.action if sample.index is None else sample.index, False)
        for name, tokens in (("state", state), ("action", action)):
            if not tokens:
                raise ValueError(
                    f"causal_log_prob: the {name} must have at least one token, got 0 for state {sample.state!r}; "
                    "pass more text"
                )
        ids = torch.tensor([state + action], device=next(model.parameters()).device)
        output = model(ids)
        logits = getattr(output, "logits", output)
        if not isinstance(logits, Tensor) or logits.dim() != 3 or logits.shape[:2] != ids.shape:
            got = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise TypeError(
                f"causal_log_prob: the model must return logits of shape [1, {ids.shape[1]}, vocabulary], got {got}; "
                "pass a log_prob of your own"
            )
        # Position t predicts the token at t + 1.
        predicted = logits[0, len(state) - 1 : -1]
        if predicted.dtype != torch.float64:
            predicted = predicted.float()
        return predicted.log_softmax(-1).gather(1, ids[0, len(state) :, None]).sum()

    return log_prob
