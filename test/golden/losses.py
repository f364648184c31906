"""Losses in double precision on two of the golden policies, their gradients, and the losses of ten AdamW steps.

The four averages of GRPO's loss are written as TRL writes them, over padded [episodes, maxSteps] arrays; the weight of a state is the
derivative of the average by that step's loss.

    python3 -m pip install jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
    python3 test/golden/losses.py

writes test/golden/{attention-slots,mlp}-losses.json beside itself.
"""

import jax
import jax.numpy as jnp
import numpy as np

from policies import CASES, TAKEN, flat, numbers, write

# The batch has three episodes; the minibatch, one of two, holds all steps of the first two.
LENGTHS = [2, 3, 4]
EPISODE = [0, 0, 1, 1, 1]
MAX_STEPS = 6
MINIBATCHES = 2
ADVANTAGES = [1.5, 2.0, -1.25, 4.0, -3.0]
# log pi - old log pi of the actions taken: states 1 and 2 are clipped (above and below), the others are not.
MOVES = [0.25, 0.4, -0.3, -0.3, 0.35]
EPSILON, EPSILON_HIGH = 0.2, 0.3
# Good (1), bad (0) or no label (-1) for each candidate action; states 0 and 3 have no good action.
LABELS = [[-1], [1, 0, -1, 1], [0, 1], [0, -1, 0], [1, 1, -1, 0]]
CONTRASTIVE_ROWS = [1, 2, 4, 5, 6, 7, 10, 13]
CONTRASTIVE_TEMPERATURE = 0.2
STEPS = {"learningRate": 3e-3, "weightDecay": 0.01, "beta1": 0.9, "beta2": 0.999, "adamEpsilon": 1e-8, "maxGradNorm": 1,
         "entropyCoef": 0.02, "classifierCoef": 0.5, "cloningCoef": 0.1}


def averages():
    """For each loss type the average over a padded [episodes, maxSteps] array of step losses with mask."""
    return {
        "grpo": lambda x, mask: ((x * mask).sum(-1) / mask.sum(-1)).mean(),
        "dr_grpo": lambda x, mask: (x * mask).sum() / (len(x) * MAX_STEPS),
        "bnpo": lambda x, mask: (x * mask).sum() / mask.sum(),
        "dapo": lambda x, mask: (x * mask).sum() / sum(LENGTHS),
    }


def state_weights():
    """Weight of each state of the minibatch; averages over the batch are scaled so that minibatches estimate them."""
    out = {}
    for name, average in averages().items():
        lengths = LENGTHS[:2] if name == "bnpo" else LENGTHS
        mask = np.arange(MAX_STEPS)[None, :] < np.array(lengths)[:, None]
        slopes = np.asarray(jax.grad(average)(np.zeros(mask.shape), mask))[mask][: len(EPISODE)]
        out[name] = slopes * (1 if name == "bnpo" else MINIBATCHES)
    return out


def class_weights(good, labelled):
    share = np.clip(good / labelled, 0.02, 0.98)
    return 0.5 / share, 0.5 / (1 - share)


def surrogate(log_probs, old):
    ratio = jnp.exp(log_probs - old)
    advantages = np.array(ADVANTAGES)
    return -jnp.minimum(ratio * advantages, jnp.clip(ratio, 1 - EPSILON, 1 + EPSILON_HIGH) * advantages)


def k3(log_probs, reference):
    return jnp.exp(reference - log_probs) - (reference - log_probs) - 1


def classifier(logits):
    labels = np.concatenate([np.array(row) for row in LABELS])
    z, y = logits[labels >= 0], labels[labels >= 0]
    good, bad = class_weights(y.sum(), len(y))
    terms = jnp.where(y == 1, good, bad) * -jnp.where(y == 1, jax.nn.log_sigmoid(z), jax.nn.log_sigmoid(-z))
    return terms.mean()


def cloning(log_probs):
    sets = [(row, np.array(labels) == 1) for row, labels in zip(log_probs, LABELS)]
    return -jnp.stack([jnp.log(jnp.exp(row)[good].sum()) for row, good in sets if good.any()]).mean()


def contrastive(embeddings):
    labels = np.concatenate([np.array(row) for row in LABELS])[CONTRASTIVE_ROWS]
    e = embeddings[np.array(CONTRASTIVE_ROWS)]
    z = e / jnp.linalg.norm(e, axis=1, keepdims=True)
    similarity = z @ z.T / CONTRASTIVE_TEMPERATURE
    others = ~np.eye(len(z), dtype=bool)
    losses = []
    for i, label in enumerate(labels):
        positives = others[i] & (labels == label)
        if positives.any():
            log_p = similarity[i] - jax.nn.logsumexp(similarity[i][others[i]])
            losses.append(-log_p[positives].mean())
    return jnp.stack(losses).mean()


def loss_functions(case, old, reference):
    weights = state_weights()

    def of_taken(p):
        return jnp.stack([row[3][a] for row, a in zip(case.outputs(p), TAKEN)])

    def entropy(p):
        return jnp.stack([-(jnp.exp(row[3]) * row[3]).sum() for row in case.outputs(p)]).mean()

    losses = {name: lambda p, w=w: (w * surrogate(of_taken(p), old)).sum() for name, w in weights.items()}
    losses["kl"] = lambda p: k3(of_taken(p), reference).mean()
    losses["entropy"] = entropy
    losses["classifier"] = lambda p: classifier(jnp.concatenate([row[2] for row in case.outputs(p)]))
    losses["cloning"] = lambda p: cloning([row[3] for row in case.outputs(p)])
    losses["contrastive"] = lambda p: contrastive(jnp.concatenate([row[0] for row in case.outputs(p)]))
    return losses


def ten_steps(p, losses):
    """AdamW with decoupled weight decay on every parameter, gradients longer than maxGradNorm scaled down to it."""

    def total(p):
        return (losses["bnpo"](p) - STEPS["entropyCoef"] * losses["entropy"](p)
                + STEPS["classifierCoef"] * losses["classifier"](p) + STEPS["cloningCoef"] * losses["cloning"](p))

    value_and_grad = jax.jit(jax.value_and_grad(total))
    tree = jax.tree.map
    m = tree(jnp.zeros_like, p)
    v = tree(jnp.zeros_like, p)
    b1, b2, lr = STEPS["beta1"], STEPS["beta2"], STEPS["learningRate"]
    values, norms = [], []
    for step in range(1, 11):
        value, g = value_and_grad(p)
        length = jnp.sqrt(sum(jnp.sum(x**2) for x in g.values()))
        g = tree(lambda x: x * jnp.minimum(1, STEPS["maxGradNorm"] / length), g)
        m = tree(lambda a, x: b1 * a + (1 - b1) * x, m, g)
        v = tree(lambda a, x: b2 * a + (1 - b2) * x**2, v, g)
        p = tree(lambda w, a, s: w - lr * (a / (1 - b1**step) / (jnp.sqrt(s / (1 - b2**step)) + STEPS["adamEpsilon"])
                                           + STEPS["weightDecay"] * w), p, m, v)
        values.append(float(value))
        norms.append(float(length))
    return values, norms


def main():
    for case in CASES:
        if case.name not in ("attention-slots", "mlp"):
            continue
        p = case.parameters
        log_probs = np.array([float(row[3][a]) for row, a in zip(case.outputs(p), TAKEN)])
        # Multiples of 1/64, which single precision holds exactly.
        old = np.round((log_probs - MOVES) * 64) / 64
        reference = np.round((log_probs + [0.1, -0.5, 0.3, 0.05, -0.2]) * 64) / 64
        log_ratio = log_probs - old
        clipped = (np.array(ADVANTAGES) > 0) & (log_ratio > np.log(1 + EPSILON_HIGH))
        clipped |= (np.array(ADVANTAGES) < 0) & (log_ratio < np.log(1 - EPSILON))
        losses = loss_functions(case, old, reference)
        weights = state_weights()
        values, norms = ten_steps(p, losses)
        assert min(norms) < STEPS["maxGradNorm"] < max(norms), f"the gradient norms {norms} do not cross maxGradNorm"
        write(f"{case.name}-losses", "losses.py", {
            "policy": case.name,
            "advantages": ADVANTAGES,
            "oldLogProbs": old.tolist(),
            "refLogProbs": reference.tolist(),
            "epsilon": EPSILON,
            "epsilonHigh": EPSILON_HIGH,
            "episode": EPISODE,
            "lengths": LENGTHS,
            "maxSteps": MAX_STEPS,
            "minibatches": MINIBATCHES,
            "labels": LABELS,
            "contrastiveRows": CONTRASTIVE_ROWS,
            "contrastiveTemperature": CONTRASTIVE_TEMPERATURE,
            "approxKl": numbers(np.mean(np.exp(log_ratio) - 1 - log_ratio)),
            "clipFraction": float(clipped.mean()),
            "classWeights": [{"good": g, "labelled": n, "weights": numbers(class_weights(g, n))}
                             for g, n in ((0, 10), (10, 10), (3, 7), (1, 100))],
            "weights": {name: numbers(w) for name, w in weights.items()},
            "values": {name: numbers(f(p)) for name, f in losses.items()},
            "gradients": {name: flat(jax.grad(f)(p)) for name, f in losses.items()},
            "steps": {**STEPS, "losses": numbers(values), "gradientNorms": numbers(norms)},
        })


if __name__ == "__main__":
    main()
