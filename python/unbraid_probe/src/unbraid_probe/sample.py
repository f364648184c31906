"""A sample: one action in one state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

LABELS = ("good", "bad", "unknown")


@dataclass(frozen=True)
class Sample:
    """One action in one state.

    state: id of the state; samples of the same state have the same id.
    action: the action in words.
    inputs: what `log_prob` passes to the model, for example a tensor of observations or a prompt.
    index: the action as `log_prob` reads it: a number, token ids, or the values of a continuous action.
    text: the state in words.
    label: "good", "bad" or "unknown".
    group: number of the group of samples that were compared when the advantage was computed.
    advantage: advantage of the action.
    """

    state: str
    action: str
    inputs: Any = None
    index: Any = None
    text: str | None = None
    label: str = "unknown"
    group: int | None = None
    advantage: float | None = None

    def __post_init__(self) -> None:
        for name, optional in (("state", False), ("action", False), ("text", True)):
            value = getattr(self, name)
            if not isinstance(value, str) and not (optional and value is None):
                raise TypeError(f"Sample: {name} must be text, got {value!r}; pass a str")
        if self.label not in LABELS:
            raise ValueError(f"Sample: label must be one of {', '.join(LABELS)}, got {self.label!r}; pass one of them")
        if self.group is not None and (isinstance(self.group, bool) or not isinstance(self.group, int)):
            raise TypeError(f"Sample: group must be an int or None, got {self.group!r}; number the groups from 0")
        if self.advantage is not None and not _is_finite(self.advantage):
            raise ValueError(f"Sample: advantage must be a finite number or None, got {self.advantage!r}; pass a float")


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, ValueError):
        return False


def check_samples(samples: Any) -> list[Sample]:
    """The samples as a list. Raises if there are none, or if one is no Sample."""
    if isinstance(samples, Sample):
        raise TypeError("probe: samples must be a list of Sample, got one Sample; put it in a list")
    listed = list(samples)
    if not listed:
        raise ValueError("probe: samples must not be empty, got 0; pass at least one Sample")
    for number, sample in enumerate(listed):
        if not isinstance(sample, Sample):
            raise TypeError(f"probe: sample {number} must be a Sample, got {type(sample).__name__}; wrap it in Sample(...)")
    return listed
