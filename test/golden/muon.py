"""Three steps of torch.optim.Muon on the hidden matrices of two golden policies, and of torch.optim.AdamW on their other parameters.

Muon of PyTorch computes its Newton-Schulz iterations in bfloat16. Here it runs in double precision: `Tensor.bfloat16` returns a copy in
float64. The gradients are made up: multiples of 1/64.

    python3 -m pip install torch==2.14.1 numpy==2.4.6
    python3 test/golden/muon.py

writes test/golden/muon.json beside itself. It reads the parameters of attention-slots.json and mlp.json.
"""

import json
import pathlib

import numpy as np
import torch

torch.Tensor.bfloat16 = lambda self: self.to(torch.float64, copy=True)

HERE = pathlib.Path(__file__).parent
# The hidden matrices of each policy and the number of blocks of rows that stand side by side in its parameter.
HIDDEN = {
    "attention-slots": {"state.weight": 3, "action.weight": 2, "match.key.weight": 1, "match.query.weight": 1, "match.weight": 1,
                        "embedding.weight": 1},
    "mlp": {"action.weight": 1, "embedding.weight": 1},
}
STEPS = 3
SETTINGS = {"learningRate": 0.02, "weightDecay": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "momentum": 0.9, "rate": 1.5}


def unfold(values, shape, blocks):
    """The matrix whose blocks of rows stand side by side in a parameter of this shape."""
    return np.concatenate(np.split(np.reshape(values, shape), blocks, axis=1), axis=0)


def fold(matrix, blocks):
    return np.concatenate(np.split(matrix, blocks, axis=0), axis=1)


def run(name, seed):
    golden = json.loads((HERE / f"{name}.json").read_text())
    rng = np.random.default_rng(seed)
    hidden = HIDDEN[name]
    shapes = golden["shapes"]
    gradients = [{k: rng.integers(-64, 65, size=int(np.prod(s))) / 64 for k, s in shapes.items()} for _ in range(STEPS)]
    tensors = {}
    for k, shape in shapes.items():
        start = golden["parameters"][k]
        # PyTorch stores the matrix of a linear layer transposed: [outputs, inputs].
        value = unfold(start, shape, hidden[k]).T if k in hidden else np.reshape(start, shape)
        tensors[k] = torch.nn.Parameter(torch.tensor(np.ascontiguousarray(value), dtype=torch.float64))
    lr, decay = SETTINGS["learningRate"], SETTINGS["weightDecay"]
    muon = torch.optim.Muon([tensors[k] for k in hidden], lr=SETTINGS["rate"] * lr, weight_decay=decay, momentum=SETTINGS["momentum"],
                            nesterov=True, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW([p for k, p in tensors.items() if k not in hidden], lr=lr, weight_decay=decay,
                              betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["epsilon"])
    for gradient in gradients:
        for k, p in tensors.items():
            g = gradient[k]
            matrix = unfold(g, shapes[k], hidden[k]).T if k in hidden else np.reshape(g, shapes[k])
            p.grad = torch.tensor(np.ascontiguousarray(matrix), dtype=torch.float64)
        muon.step()
        adamw.step()
    after = {k: p.detach().numpy() for k, p in tensors.items()}
    after = {k: fold(v.T, hidden[k]) if k in hidden else v for k, v in after.items()}
    return {
        "hidden": list(hidden),
        "gradients": [{k: g.tolist() for k, g in gradient.items()} for gradient in gradients],
        "after": {k: [float(f"{x:.9g}") for x in np.ravel(v)] for k, v in after.items()},
    }


def main():
    made = f"python3 test/golden/muon.py (torch {torch.__version__.split('+')[0]}, numpy {np.__version__}, float64)"
    content = {"generatedBy": made, "settings": SETTINGS, "policies": {name: run(name, 7 + i) for i, name in enumerate(HIDDEN)}}
    path = HERE / "muon.json"
    path.write_text(json.dumps(content) + "\n")
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
