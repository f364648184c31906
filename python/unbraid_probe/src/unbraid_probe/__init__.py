"""Per-sample gradients of a PyTorch policy, stored as a bank from which unbraid measures gradient coupling."""

from .bank import Bank
from .log_prob import categorical_log_prob, causal_log_prob
from .probe import probe
from .sample import Sample
from .sketch import Sketch
from .steps import Steps

__all__ = ["Bank", "Sample", "Sketch", "Steps", "categorical_log_prob", "causal_log_prob", "probe"]
