"""A benchmark worker in Python: python3 worker.py INPUTS torch|jax|numpy, one thread. The protocol is that of bench/serve.ts."""

import os
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import base64
import importlib.metadata
import json
import time

import numpy as np

SAMPLE_SECONDS = 50e-6
WARMUP_SECONDS = 0.3
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
TIMED_RATE, CHECKED_RATE = 1e-6, 1e-2
HEADS, BLOCKS = 2, 2


def read_inputs(path):
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": np.float32, "I32": np.int32}
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[start:end], kinds[entry["dtype"]]).reshape(entry["shape"]).copy()
    return tensors


def group(inputs, prefix):
    """Observation, actions taken, advantages and parameters of a workload."""
    own = {name[len(prefix) + 1 :]: value.copy() for name, value in inputs.items() if name.startswith(prefix + "/")}
    observation, taken, advantage = own.pop("observation"), own.pop("taken"), own.pop("advantage")
    return observation, taken, advantage, own


def step_values(loss, gradients, parameters):
    values = {"loss": np.float32([loss])}
    for name in parameters:
        values["gradient/" + name] = np.asarray(gradients[name])
        values["parameters/" + name] = np.asarray(parameters[name])
    return values


def torch_tasks(inputs):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tensor = torch.from_numpy
    tasks = {}

    def matmul(n):
        a, b, c = tensor(inputs[f"matmul{n}/a"]), tensor(inputs[f"matmul{n}/b"]), torch.empty(n, n)

        def run():
            torch.mm(a, b, out=c)

        def check():
            run()
            return {"c": c.numpy()}

        return run, check

    for n in (128, 256, 512):
        tasks[f"matmul{n}"] = matmul(n)

    def mlp(p, x):
        h = torch.tanh(torch.addmm(p["first.bias"], x, p["first.weight"]))
        h = torch.tanh(torch.addmm(p["second.bias"], h, p["second.weight"]))
        return torch.addmm(p["logits.bias"], h, p["logits.weight"])

    def attention(p, tokens):
        states, length = tokens.shape
        x = F.embedding(tokens, p["tokens"]) + p["position"]
        width = x.shape[-1]
        for i in range(BLOCKS):
            block = f"block{i}."
            normed = F.layer_norm(x, (width,), p[block + "norm1.gamma"], p[block + "norm1.beta"])
            q, k, v = (
                (normed @ p[f"{block}attention.{part}.weight"]).view(states, length, HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(states, length, width)
            x = x + mixed @ p[block + "attention.out.weight"]
            normed = F.layer_norm(x, (width,), p[block + "norm2.gamma"], p[block + "norm2.beta"])
            hidden = F.gelu(normed @ p[block + "expand.weight"] + p[block + "expand.bias"], approximate="tanh")
            x = x + hidden @ p[block + "contract.weight"]
        return torch.addmm(p["logits.bias"], x.mean(1), p["logits.weight"])

    def training_step(prefix, model):
        observation, taken, advantage, start = group(inputs, prefix)
        parameters = {name: tensor(value).requires_grad_() for name, value in start.items()}
        observation = tensor(observation) if observation.dtype == np.float32 else tensor(observation).long()
        taken, advantage = tensor(taken).long()[:, None], tensor(advantage)
        # The faster of PyTorch's eager implementations of AdamW on a CPU.
        optimizer = torch.optim.AdamW(
            list(parameters.values()), lr=TIMED_RATE, betas=(BETA1, BETA2), eps=EPSILON, weight_decay=0, fused=True
        )

        def backward():
            optimizer.zero_grad(set_to_none=True)
            log_probs = torch.log_softmax(model(parameters, observation), 1)
            loss = -(advantage * log_probs.gather(1, taken)[:, 0]).mean()
            loss.backward()
            return loss

        def run():
            backward()
            optimizer.step()

        def check():
            loss = backward().item()
            gradients = {name: value.grad.numpy().copy() for name, value in parameters.items()}
            optimizer.param_groups[0]["lr"] = CHECKED_RATE
            for _ in range(3):
                run()
            optimizer.param_groups[0]["lr"] = TIMED_RATE
            return step_values(loss, gradients, {name: value.detach().numpy() for name, value in parameters.items()})

        return run, check

    tasks["mlpStep"] = training_step("mlp", mlp)
    tasks["attentionStep"] = training_step("attention", attention)

    def gram_workload(n):
        observation, taken, _, start = group(inputs, f"gram{n}")
        return tensor(observation), tensor(taken).long(), {name: tensor(value) for name, value in start.items()}

    def checked(gram):
        return gram, lambda: {"gram": gram().detach().numpy()}

    def gram_vmap(n):
        x, taken, p = gram_workload(n)
        one_hot = F.one_hot(taken, 16).float()

        def log_prob(p, x, one_hot):
            return (torch.log_softmax(mlp(p, x[None])[0], -1) * one_hot).sum()

        per_sample = torch.func.vmap(torch.func.grad(log_prob), in_dims=(None, 0, 0))

        def gram():
            gradients = per_sample(p, x, one_hot)
            jacobian = torch.cat([g.reshape(n, -1) for g in gradients.values()], 1)
            return jacobian @ jacobian.T

        return checked(gram)

    def gram_formula(n):
        """For a layer y = x W + b the gradients' inner products are (x_i . x_j + 1)(d_i . d_j)."""
        x, taken, p = gram_workload(n)
        one_hot = F.one_hot(taken, 16).float()

        def gram():
            h1 = torch.tanh(torch.addmm(p["first.bias"], x, p["first.weight"]))
            h2 = torch.tanh(torch.addmm(p["second.bias"], h1, p["second.weight"]))
            d3 = one_hot - torch.softmax(torch.addmm(p["logits.bias"], h2, p["logits.weight"]), 1)
            d2 = (d3 @ p["logits.weight"].T) * (1 - h2 * h2)
            d1 = (d2 @ p["second.weight"].T) * (1 - h1 * h1)
            total = (d3 @ d3.T) * (h2 @ h2.T + 1)
            total += (d2 @ d2.T) * (h1 @ h1.T + 1)
            total += (d1 @ d1.T) * (x @ x.T + 1)
            return total

        return checked(gram)

    def gram_torchjd(n):
        from torchjd.autogram import Engine

        x, taken, p = gram_workload(n)
        layers = []
        for name in ("first", "second", "logits"):
            layer = torch.nn.Linear(*p[name + ".weight"].shape)
            with torch.no_grad():
                layer.weight.copy_(p[name + ".weight"].T)
                layer.bias.copy_(p[name + ".bias"])
            layers += [layer, torch.nn.Tanh()]
        model = torch.nn.Sequential(*layers[:-1])
        engine = Engine(model, batch_dim=0)

        def gram():
            log_probs = torch.log_softmax(model(x), 1)
            return engine.compute_gramian(log_probs.gather(1, taken[:, None])[:, 0])

        return checked(gram)

    for n in (256, 1024):
        tasks[f"gram{n}:vmap"] = gram_vmap(n)
        tasks[f"gram{n}:formula"] = gram_formula(n)
        try:
            tasks[f"gram{n}:torchjd"] = gram_torchjd(n)
        except ImportError:
            pass

    observation, _, _, start = group(inputs, "mlp")
    one, parameters = observation[0].tolist(), {name: tensor(value) for name, value in start.items()}

    @torch.inference_mode()
    def infer():
        return torch.log_softmax(mlp(parameters, torch.tensor(one)[None]), 1)[0].tolist()

    tasks["inference"] = infer, lambda: {"logProbs": np.float32(infer())}
    return tasks, ("torch", "torchjd", "numpy")


def jax_tasks(inputs):
    import jax
    import jax.numpy as jnp

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


def numpy_tasks(inputs):
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


def seconds_of(run, calls):
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


def measure(run, calls, seconds):
    """Mean seconds of one call over at least `seconds`."""
    total, done = 0.0, 0
    while total < seconds or done == 0:
        total += seconds_of(run, calls)
        done += calls
    return total / done


def main():
    # Libraries print to stdout as they please; answers go to what was stdout when the worker began.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def send(answer):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    makers = {"torch": torch_tasks, "jax": jax_tasks, "numpy": numpy_tasks}
    tasks, packages = makers[sys.argv[2]](read_inputs(sys.argv[1]))
    versions = {"python": sys.version.split()[0]}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    send({"tasks": list(tasks), "versions": versions})
    calls = {}
    for line in sys.stdin:
        command = json.loads(line)
        name = command.get("check") or command["time"]
        try:
            run, check = tasks[name]
            if "check" in command:
                values = {
                    key: base64.b64encode(np.ascontiguousarray(value, np.float32)).decode()
                    for key, value in check().items()
                }
                send({"values": values})
                continue
            if name not in calls:
                calls[name] = max(1, round(SAMPLE_SECONDS / measure(run, 1, WARMUP_SECONDS)))
            wall, processor = time.perf_counter(), time.process_time()
            seconds = measure(run, calls[name], command["milliseconds"] / 1e3)
            busy = (time.process_time() - processor) / (time.perf_counter() - wall)
            send({"microseconds": seconds * 1e6, "busy": busy})
        except Exception as error:
            send({"error": f"{name}: {error}"[:400]})


main()
