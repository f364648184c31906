"""The tasks in PyTorch, and the Gram matrix in TorchJD."""

import numpy as np
import torch
import torch.nn.functional as F
from torch_training import features, training
from workload import BETA1, BETA2, BLOCKS, CHECKED_RATE, EPSILON, HEADS, TIMED_RATE, group, step_values


def tasks_of(inputs):
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

    # Only checked: the rules of the household that the job plays by.
    tasks["household"] = None, lambda: features(inputs["training/1/games"], inputs["training/1/play"])
    observation, _, _, start = group(inputs, "mlp")
    one, parameters = observation[0].tolist(), {name: tensor(value) for name, value in start.items()}

    @torch.inference_mode()
    def infer():
        return torch.log_softmax(mlp(parameters, torch.tensor(one)[None]), 1)[0].tolist()

    tasks["inference"] = infer, lambda: {"logProbs": np.float32(infer())}
    return tasks, ("torch", "torchjd", "numpy")


def job_of(inputs, name):
    """The only job: `training`, 160 iterations on the household."""
    if name != "training":
        raise ValueError(f"no job {name}")
    return lambda seed: training(inputs[f"training/{seed}/games"], inputs[f"training/{seed}/play"], seed, 160)
