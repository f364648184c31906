"""Losses of one state. `scores` [candidates] are log-probabilities of the texts of the actions, `good` is 1 or 0."""
import torch
import torch.nn.functional as F


def policy_loss(scores, good):
    """- sum over candidates a of pi(a) A(a) log pi(a), where pi(a) A(a) is a constant.

    A(a) = (R(a) - V) / std with reward R = 1 for the good action, V = sum of pi R and the standard deviation of R under
    pi: the group-relative advantage of GRPO for an infinite group of one-step episodes. Its gradient is exact, not
    sampled.
    """
    pi = scores.detach().softmax(0)
    value = (pi * good).sum()
    std = (value * (1 - value)).clamp_min(0).sqrt()
    return -(pi * (good - value) / (std + 1e-4) * scores.log_softmax(0)).sum()


def classifier_loss(z, labels):
    """Mean over all rows of v(y) (softplus(z) - y z): the classifier term of unbraid (docs/math.md, label losses).

    v balances the two classes: 0.5 / p for good rows and 0.5 / (1 - p) for bad ones, with p the share of good rows in
    [0.02, 0.98].
    """
    p = labels.mean().clamp(0.02, 0.98)
    weights = torch.where(labels == 1, 0.5 / p, 0.5 / (1 - p))
    return (weights * (F.softplus(z) - labels * z)).mean()
