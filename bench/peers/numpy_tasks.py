"""The tasks in NumPy, gradients by hand."""

import numpy as np
from workload import BETA1, BETA2, CHECKED_RATE, EPSILON, TIMED_RATE, group, step_values


def tasks_of(inputs):
    tasks = {}

    def matmul(n):
        a, b, c = inputs[f"matmul{n}/a"], inputs[f"matmul{n}/b"], np.empty((n, n), np.float32)

        def run():
            np.matmul(a, b, out=c)

        def check():
            run()
            return {"c": c}

        return run, check

    for n in (128, 256, 512):
        tasks[f"matmul{n}"] = matmul(n)

    x, taken, advantage, p = group(inputs, "mlp")
    rows, scale = np.arange(len(taken)), (advantage / len(taken))[:, None]
    m = {name: np.zeros_like(value) for name, value in p.items()}
    v = {name: np.zeros_like(value) for name, value in p.items()}
    count = [0]

    def backward():
        h1 = np.tanh(x @ p["first.weight"] + p["first.bias"])
        h2 = np.tanh(h1 @ p["second.weight"] + p["second.bias"])
        logits = h2 @ p["logits.weight"] + p["logits.bias"]
        shifted = logits - logits.max(1, keepdims=True)
        exponents = np.exp(shifted)
        sums = exponents.sum(1, keepdims=True)
        loss = -(scale[:, 0] * (shifted[rows, taken] - np.log(sums[:, 0]))).sum()
        d3 = exponents / sums
        d3[rows, taken] -= 1
        d3 *= scale
        d2 = (d3 @ p["logits.weight"].T) * (1 - h2 * h2)
        d1 = (d2 @ p["second.weight"].T) * (1 - h1 * h1)
        return loss, {
            "first.weight": x.T @ d1,
            "first.bias": d1.sum(0),
            "second.weight": h1.T @ d2,
            "second.bias": d2.sum(0),
            "logits.weight": h2.T @ d3,
            "logits.bias": d3.sum(0),
        }

    def run(rate=TIMED_RATE):
        _, gradients = backward()
        count[0] += 1
        c1, c2 = np.float32(1 / (1 - BETA1 ** count[0])), np.float32(1 / (1 - BETA2 ** count[0]))
        for name, g in gradients.items():
            m[name] = np.float32(BETA1) * m[name] + np.float32(1 - BETA1) * g
            v[name] = np.float32(BETA2) * v[name] + np.float32(1 - BETA2) * g * g
            p[name] -= np.float32(rate) * (m[name] * c1) / (np.sqrt(v[name] * c2) + np.float32(EPSILON))

    def check():
        loss, gradients = backward()
        for _ in range(3):
            run(CHECKED_RATE)
        return step_values(loss, gradients, p)

    tasks["mlpStep"] = run, check
    return tasks, ("numpy",)
