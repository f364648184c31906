"""Policies in double precision: logits, embeddings, log-probabilities and the Gram matrix of per-sample gradients.

Written from the formulas with jax.numpy and automatic differentiation; it shares nothing with the engine.

    python3 -m pip install jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
    python3 test/golden/policies.py

writes test/golden/{attention-slots,attention-blocks,attention-sequence,attention-norm,mlp,mlp-norm}.json beside itself.
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

VOCABULARY = 9
STATE_SLOTS = 3
ACTION_SLOTS = 2
VECTOR_WIDTH = 5
ACTION_COUNT = 6
SIZES = {"tokenWidth": 4, "matchWidth": 4, "hidden": 8, "embedding": 4, "heads": 2}

# Features are slot * VOCABULARY + token, ascending by slot. Bags with several and with repeated tokens, empty slots, a state and
# an action without any token.
BAGS = [
    ([2, 4, 9 + 7, 18 + 1], [[3, 9 + 7]]),
    ([0, 9 + 3, 9 + 3, 9 + 5], [[1, 9 + 3], [4, 9 + 5], [4, 6, 9 + 8], [9 + 2]]),
    ([18 + 6, 18 + 8], [[5, 9 + 6], [5, 9 + 8]]),
    ([], [[0, 9 + 1], [2], []]),
    ([8, 9 + 0, 18 + 2, 18 + 4, 18 + 6], [[8, 9 + 0], [7, 9 + 4], [3, 3, 9 + 6], [1, 9 + 1]]),
]
# One token per position, texts of different lengths.
TEXTS = [
    ([2, 9 + 7, 18 + 1], [[3, 9 + 7]]),
    ([0, 9 + 3], [[1, 9 + 3], [4, 9 + 5], [4], [6, 9 + 2]]),
    ([6], [[5, 9 + 6], [5, 9 + 8]]),
    ([], [[0, 9 + 1], [2], []]),
    ([8, 9 + 0, 18 + 2], [[8, 9 + 0], [7, 9 + 4], [3, 9 + 6], [1, 9 + 1]]),
]
FIXED_SETS = [[4], [0, 2, 3, 5], [1, 4], [0, 1, 2], [1, 3, 4, 5]]
TAKEN = [0, 2, 1, 0, 3]


def counts(features, slots):
    """How often each token stands in each slot: [slots, VOCABULARY]."""
    table = np.zeros((slots, VOCABULARY))
    for feature in features:
        table[feature // VOCABULARY, feature % VOCABULARY] += 1
    return table


def draw(rng, shape, scale):
    """Multiples of 1/64 in [-scale, scale]: exact in single precision and short in decimals."""
    limit = int(scale * 64)
    return rng.integers(-limit, limit + 1, size=shape) / 64


def attention_shapes(layout, blocks):
    t, m, h, e = (SIZES[k] for k in ("tokenWidth", "matchWidth", "hidden", "embedding"))
    shapes = {"tokens": (VOCABULARY, t)}
    if layout == "sequence" or blocks > 0:
        shapes["state.position"] = (STATE_SLOTS, t)
    for b in range(blocks):
        for norm in ("norm1", "norm2"):
            shapes[f"block{b}.{norm}.gamma"] = (t,)
            shapes[f"block{b}.{norm}.beta"] = (t,)
        for part in ("query", "key", "value", "out"):
            shapes[f"block{b}.attention.{part}.weight"] = (t, t)
        shapes[f"block{b}.expand.weight"] = (t, 4 * t)
        shapes[f"block{b}.expand.bias"] = (4 * t,)
        shapes[f"block{b}.contract.weight"] = (4 * t, t)
    if layout == "sequence":
        shapes["action.position"] = (ACTION_SLOTS, t)
        for part in ("query", "key", "value", "out"):
            shapes[f"cross.{part}.weight"] = (t, t)
        shapes |= {"action.weight": (t, h), "action.bias": (h,), "state.weight": (t, h)}
    else:
        # Without blocks the columns of state.weight go slot by slot; with blocks its rows do.
        shapes["state.weight"] = (t, STATE_SLOTS * h) if blocks == 0 else (STATE_SLOTS * t, h)
        shapes |= {"state.bias": (h,), "action.weight": (t, ACTION_SLOTS * h)}
        shapes |= {"match.key.weight": (t, m), "match.query.weight": (t, m)}
        shapes["match.weight"] = (ACTION_SLOTS * STATE_SLOTS, h)
    return shapes | {"embedding.weight": (h, e), "embedding.bias": (e,)} | head_shapes()


def mlp_shapes():
    t, h, e = (SIZES[k] for k in ("tokenWidth", "hidden", "embedding"))
    shapes = {"state.weight": (VECTOR_WIDTH, h), "state.bias": (h,), "actions": (ACTION_COUNT, t), "action.weight": (t, h)}
    return shapes | {"embedding.weight": (h, e), "embedding.bias": (e,)} | head_shapes()


def head_shapes():
    e = SIZES["embedding"]
    return {"policyHead.weight": (e, 1), "classifierHead.weight": (e, 1), "classifierHead.bias": (1,)}


def norm_shapes():
    return {"hidden.norm.gamma": (SIZES["hidden"],), "hidden.norm.beta": (SIZES["hidden"],)}


def parameters(shapes, seed):
    rng = np.random.default_rng(seed)
    out = {}
    for name, shape in shapes.items():
        out[name] = 1 + draw(rng, shape, 0.25) if name.endswith("gamma") else draw(rng, shape, 0.75)
    return out


def norm(p, name, x):
    centred = x - x.mean(-1, keepdims=True)
    return p[f"{name}.gamma"] * centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) + p[f"{name}.beta"]


def attend(p, name, queries, memory, present):
    """Multi-head attention of queries [n, t] to the rows of memory [s, t] that hold tokens (present [s])."""
    heads = SIZES["heads"]
    q, k, v = ((x @ p[f"{name}.{part}.weight"]).reshape(len(x), heads, -1)
               for part, x in (("query", queries), ("key", memory), ("value", memory)))
    scores = jnp.einsum("ihd,jhd->hij", q, k) / np.sqrt(q.shape[-1])
    if present.any():
        weights = jax.nn.softmax(jnp.where(present, scores, -jnp.inf), axis=-1)
    else:
        weights = jnp.zeros_like(scores)
    return jnp.einsum("hij,jhd->ihd", weights, v).reshape(len(queries), -1) @ p[f"{name}.out.weight"]


def gelu(x):
    return 0.5 * x * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def encode(p, state, blocks):
    present = state.sum(-1) > 0
    x = state @ p["tokens"] + p["state.position"]
    for b in range(blocks):
        normed = norm(p, f"block{b}.norm1", x)
        x = x + attend(p, f"block{b}.attention", normed, normed, present)
        inner = gelu(norm(p, f"block{b}.norm2", x) @ p[f"block{b}.expand.weight"] + p[f"block{b}.expand.bias"])
        x = x + inner @ p[f"block{b}.contract.weight"]
    return x, present


def mean_present(x, present):
    return (x * present[:, None]).sum(0) / max(present.sum(), 1)


def hidden_slots(p, state, actions, blocks):
    t, h = SIZES["tokenWidth"], SIZES["hidden"]
    x = state @ p["tokens"] if blocks == 0 else encode(p, state, blocks)[0]
    a = actions @ p["tokens"]
    if blocks == 0:
        of_state = jnp.einsum("st,tsh->h", x, p["state.weight"].reshape(t, STATE_SLOTS, h))
    else:
        of_state = x.reshape(-1) @ p["state.weight"]
    of_action = jnp.einsum("ast,tsh->ah", a, p["action.weight"].reshape(t, ACTION_SLOTS, h))
    match = jnp.einsum("aiw,sw->ais", a @ p["match.query.weight"], x @ p["match.key.weight"])
    match = match.reshape(len(a), -1) / np.sqrt(SIZES["matchWidth"])
    return of_state + p["state.bias"] + of_action + match @ p["match.weight"]


def hidden_sequence(p, state, actions, blocks):
    x, present = encode(p, state, blocks)
    pooled = []
    for action in actions:
        a = np.sqrt(ACTION_SLOTS) * mean_present(action @ p["tokens"] + p["action.position"], action.sum(-1) > 0)
        pooled.append(a + attend(p, "cross", a[None], x, present)[0])
    return jnp.stack(pooled) @ p["action.weight"] + p["action.bias"] + mean_present(x, present) @ p["state.weight"]


def attention_embedding(layout, blocks, layer_norm):
    hidden = hidden_slots if layout == "slots" else hidden_sequence

    def embedding(p, state, actions):
        h = hidden(p, state, actions, blocks)
        if layer_norm:
            h = norm(p, "hidden.norm", h)
        assert isinstance(h, jax.core.Tracer) or np.abs(h).min() > 1e-3, "a relu input is near its kink; change the seed"
        return jnp.tanh(jax.nn.relu(h) @ p["embedding.weight"] + p["embedding.bias"])

    return embedding


def mlp_embedding(layer_norm):
    def embedding(p, state, actions):
        h = state @ p["state.weight"] + p["state.bias"] + p["actions"][actions] @ p["action.weight"]
        if layer_norm:
            h = norm(p, "hidden.norm", h)
        return jnp.tanh(jnp.tanh(h) @ p["embedding.weight"] + p["embedding.bias"])

    return embedding


class Case:
    """A policy with parameters and five states. `embedding(p, state, actions)` gives e [actions, embedding]."""

    def __init__(self, name, seed, layout=None, blocks=0, logit_scale=1, temperature=1, layer_norm=False):
        self.name, self.logit_scale, self.temperature = name, logit_scale, temperature
        self.config = {"policy": "attention" if layout else "mlp", **SIZES, "blocks": blocks, "logitScale": logit_scale}
        if layer_norm:
            self.config["layerNorm"] = True
        if layout:
            pairs = BAGS if layout == "slots" else TEXTS
            self.spec = {"form": "tokens", "layout": layout, "vocabularySize": VOCABULARY,
                         "stateSlots": STATE_SLOTS, "actionSlots": ACTION_SLOTS}
            self.inputs = [{"observation": o, "admissibleActions": a} for o, a in pairs]
            self.states = [(counts(o, STATE_SLOTS), np.stack([counts(x, ACTION_SLOTS) for x in a])) for o, a in pairs]
            self.embedding = attention_embedding(layout, blocks, layer_norm)
            shapes = attention_shapes(layout, blocks)
        else:
            vectors = draw(np.random.default_rng(100 + seed), (5, VECTOR_WIDTH), 2)
            self.spec = {"form": "vector", "vectorWidth": VECTOR_WIDTH, "actionCount": ACTION_COUNT}
            self.inputs = [{"observation": v.tolist(), "admissibleActions": a} for v, a in zip(vectors, FIXED_SETS)]
            self.states = [(v, np.array(a)) for v, a in zip(vectors, FIXED_SETS)]
            self.embedding = mlp_embedding(layer_norm)
            shapes = mlp_shapes()
        if layer_norm:
            shapes |= norm_shapes()
        self.parameters = parameters(shapes, seed)

    def outputs(self, p):
        """Per state: e [actions, embedding], policy logits, classifier logits and log-probabilities [actions]."""
        rows = []
        for state, actions in self.states:
            e = self.embedding(p, state, actions)
            logits = self.logit_scale * (e @ p["policyHead.weight"])[:, 0]
            good = (e @ p["classifierHead.weight"])[:, 0] + p["classifierHead.bias"]
            rows.append((e, logits, good, jax.nn.log_softmax(logits / self.temperature)))
        return rows


CASES = [
    Case("attention-slots", seed=1, layout="slots"),
    Case("attention-blocks", seed=2, layout="slots", blocks=1, logit_scale=2),
    Case("attention-sequence", seed=9, layout="sequence", blocks=1),
    Case("mlp", seed=4, temperature=0.5),
    Case("attention-norm", seed=1, layout="slots", layer_norm=True),
    Case("mlp-norm", seed=4, temperature=0.5, layer_norm=True),
]


def numbers(x):
    """Nine significant digits, in nested lists."""
    if np.ndim(x) == 0:
        return float(f"{float(x):.9g}")
    return [numbers(y) for y in np.asarray(x)]


def flat(tree):
    return {name: numbers(np.ravel(value)) for name, value in tree.items()}


def write(name, script, content):
    versions = f"jax {jax.__version__}, numpy {np.__version__}, float64"
    content = {"generatedBy": f"python3 test/golden/{script} ({versions})", **content}

    def lines(value, indent):
        if not isinstance(value, dict):
            return json.dumps(value)
        inner = ",\n".join(f'{indent}  "{k}": {lines(v, indent + "  ")}' for k, v in value.items())
        return f"{{\n{inner}\n{indent}}}"

    path = pathlib.Path(__file__).with_name(f"{name}.json")
    path.write_text(lines(content, "") + "\n")
    print(path.name, path.stat().st_size, "bytes")


def main():
    for case in CASES:
        p = case.parameters
        rows = case.outputs(p)
        # One sample's gradient of log pi(taken | state) at temperature 1 over all parameters.
        gradients = [jax.grad(lambda q, n=n: jax.nn.log_softmax(case.outputs(q)[n][1])[TAKEN[n]])(p) for n in range(len(TAKEN))]
        matrices = {k: np.stack([np.ravel(g[k]) for g in gradients]) for k in p}
        grams = {k: j @ j.T for k, j in matrices.items()}
        # A smooth function of all outputs, so that every way back is walked: sum of logits, classifier logits and embeddings.
        gradient = jax.grad(lambda q: sum(jnp.sum(jnp.sin(x)) for e, l, g, _ in case.outputs(q) for x in (e, l, g)))(p)
        write(case.name, "policies.py", {
            "spec": case.spec,
            "config": case.config,
            "temperature": case.temperature,
            "states": case.inputs,
            "taken": TAKEN,
            "shapes": {k: list(v.shape) for k, v in p.items()},
            "parameters": {k: np.ravel(v).tolist() for k, v in p.items()},
            "embeddings": numbers(np.concatenate([np.ravel(r[0]) for r in rows])),
            "logits": numbers(np.concatenate([r[1] for r in rows])),
            "classifierLogits": numbers(np.concatenate([r[2] for r in rows])),
            "logProbs": numbers(np.concatenate([r[3] for r in rows])),
            "gradientOfSines": flat(gradient),
            "gram": numbers(np.ravel(sum(grams.values()))),
            "gramByParameter": flat(grams),
        })


if __name__ == "__main__":
    main()
