"""The tasks in JAX, compiled."""

import jax
import jax.numpy as jnp
import numpy as np
from workload import BETA1, BETA2, BLOCKS, CHECKED_RATE, EPSILON, HEADS, TIMED_RATE, group, step_values


def tasks_of(inputs):
    tasks = {}

    def matmul(n):
        a, b = jnp.asarray(inputs[f"matmul{n}/a"]), jnp.asarray(inputs[f"matmul{n}/b"])
        product = jax.jit(jnp.matmul)
        return lambda: product(a, b).block_until_ready(), lambda: {"c": np.asarray(product(a, b))}

    for n in (128, 256, 512):
        tasks[f"matmul{n}"] = matmul(n)

    def mlp(p, x):
        h = jnp.tanh(x @ p["first.weight"] + p["first.bias"])
        h = jnp.tanh(h @ p["second.weight"] + p["second.bias"])
        return h @ p["logits.weight"] + p["logits.bias"]

    def layer_norm(x, gamma, beta):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return gamma * (x - mean) * jax.lax.rsqrt(variance + 1e-5) + beta

    def attention(p, tokens):
        states, length = tokens.shape
        x = p["tokens"][tokens] + p["position"]
        width = x.shape[-1]
        for i in range(BLOCKS):
            block = f"block{i}."
            normed = layer_norm(x, p[block + "norm1.gamma"], p[block + "norm1.beta"])
            q, k, v = (
                (normed @ p[f"{block}attention.{part}.weight"]).reshape(states, length, HEADS, -1)
                for part in ("query", "key", "value")
            )
            mixed = jax.nn.dot_product_attention(q, k, v).reshape(states, length, width)
            x = x + mixed @ p[block + "attention.out.weight"]
            normed = layer_norm(x, p[block + "norm2.gamma"], p[block + "norm2.beta"])
            hidden = jax.nn.gelu(normed @ p[block + "expand.weight"] + p[block + "expand.bias"], approximate=True)
            x = x + hidden @ p[block + "contract.weight"]
        return x.mean(1) @ p["logits.weight"] + p["logits.bias"]

    def training_step(prefix, model):
        observation, taken, advantage, start = group(inputs, prefix)
        parameters = {name: jnp.asarray(value) for name, value in start.items()}
        zeros = {name: jnp.zeros_like(value) for name, value in parameters.items()}
        observation, advantage = jnp.asarray(observation), jnp.asarray(advantage)
        rows, taken = jnp.arange(len(taken)), jnp.asarray(taken)

        def loss_of(p):
            return -(advantage * jax.nn.log_softmax(model(p, observation))[rows, taken]).mean()

        @jax.jit
        def step(p, m, v, count, rate):
            loss, g = jax.value_and_grad(loss_of)(p)
            tree = jax.tree_util.tree_map
            count = count + 1
            m = tree(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
            v = tree(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
            c1, c2 = 1 / (1 - BETA1**count), 1 / (1 - BETA2**count)
            p = tree(lambda p, m, v: p - rate * (m * c1) / (jnp.sqrt(v * c2) + EPSILON), p, m, v)
            return loss, p, m, v, count

        state = [parameters, zeros, zeros, jnp.float32(0)]

        def run(rate=TIMED_RATE):
            state[:] = step(*state, rate)[1:]
            jax.block_until_ready(state)

        def check():
            loss, gradients = jax.value_and_grad(loss_of)(state[0])
            for _ in range(3):
                run(CHECKED_RATE)
            return step_values(loss, gradients, state[0])

        return run, check

    tasks["mlpStep"] = training_step("mlp", mlp)
    tasks["attentionStep"] = training_step("attention", attention)

    def gram_vmap(n):
        x, taken, _, start = group(inputs, f"gram{n}")
        x, taken, p = jnp.asarray(x), jnp.asarray(taken), {name: jnp.asarray(value) for name, value in start.items()}

        @jax.jit
        def gram(p, x, taken):
            log_prob = lambda p, x, a: jax.nn.log_softmax(mlp(p, x))[a]
            gradients = jax.vmap(jax.grad(log_prob), in_axes=(None, 0, 0))(p, x, taken)
            jacobian = jnp.concatenate([g.reshape(n, -1) for g in gradients.values()], 1)
            return jacobian @ jacobian.T

        return lambda: gram(p, x, taken).block_until_ready(), lambda: {"gram": np.asarray(gram(p, x, taken))}

    for n in (256, 1024):
        tasks[f"gram{n}:vmap"] = gram_vmap(n)

    observation, _, _, start = group(inputs, "mlp")
    one, parameters = observation[0], {name: jnp.asarray(value) for name, value in start.items()}
    forward = jax.jit(lambda p, x: jax.nn.log_softmax(mlp(p, x)))
    tasks["inference"] = (
        lambda: np.asarray(forward(parameters, one)).tolist(),
        lambda: {"logProbs": np.asarray(forward(parameters, one))},
    )
    return tasks, ("jax", "jaxlib", "numpy")
