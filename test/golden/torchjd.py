"""Weights that TorchJD's UPGrad, PCGrad and GradVac give to the gradients of Gram matrices, in double precision.

TorchJD sums the projected gradients in PCGrad and GradVac and averages them in UPGrad; its numbers are stored as they are. UPGrad is run
with norm_eps = 0 (its default takes a Gram matrix of trace below 1e-4 for zero) and GradVac with eps = 0. The orders that torch.randperm
drew are stored, without the task itself.

    python3 -m pip install torch==2.14.1 torchjd==0.18.0 quadprog==0.1.14 qpsolvers==4.13.0 numpy==2.4.6
    python3 test/golden/torchjd.py

writes test/golden/torchjd.json beside itself.
"""

import importlib.metadata
import json
import pathlib
import sys

# The script's own folder comes first on the path and this file has the package's name.
sys.path.pop(0)

import numpy as np
import torch
from torchjd.aggregation import GradVacWeighting, PCGradWeighting, UPGradWeighting
from torchjd.linalg import QuadprogProjector

BETA = 0.3
REGULARIZATIONS = [1e-4, 1e-7]


def gradients():
    """Named Jacobians [tasks, parameters]; multiples of 1/16, so that their Gram matrices are exact."""
    rng = np.random.default_rng(5)

    def draw(tasks, parameters):
        return rng.integers(-32, 33, size=(tasks, parameters)) / 16

    yield "one task", draw(1, 4)
    yield "two in conflict", np.array([[1.0, 0.5, 0.0], [-1.0, 0.25, 2.0]])
    yield "two in accord", np.array([[1.0, 0.5, 0.0], [2.0, 0.25, 2.0]])
    for tasks, parameters in ((3, 5), (4, 6), (5, 5), (8, 12), (12, 16)):
        yield f"{tasks} random in {parameters} dimensions", draw(tasks, parameters)
    yield "more tasks than dimensions", draw(7, 3)
    yield "all in accord", np.abs(draw(5, 6)) + 1 / 16
    yield "lengths from 1/256 to 256", draw(5, 6) * np.array([[1 / 256], [1 / 16], [1], [16], [256]])
    yield "one far larger than the rest", np.vstack([draw(3, 4), 64 * draw(1, 4)])


def degenerate():
    """Cases in which GradVac without eps would divide by zero."""
    yield "opposed on a line", np.array([[1.0, 2.0], [-0.5, -1.0], [2.0, 4.0]])
    yield "equal gradients", np.array([[1.0, -1.0, 0.5]] * 3 + [[-1.0, 0.25, 2.0]])
    yield "a gradient of zero", np.array([[1.0, -1.0], [0.0, 0.0], [-2.0, 0.5]])


def recorded(draw, orders):
    def permutation(count):
        out = draw(count)
        orders.append(out.tolist())
        return out

    return permutation


def case(name, jacobian, vaccinate):
    gram = torch.from_numpy(jacobian @ jacobian.T)
    tasks = len(gram)
    out = {"name": name, "gram": gram.flatten().tolist(), "upGrad": []}
    for regularization in REGULARIZATIONS:
        projector = QuadprogProjector(norm_eps=0.0, reg_eps=regularization)
        out["upGrad"].append(UPGradWeighting(projector=projector)(gram).tolist())
    draw, orders = torch.randperm, []
    torch.randperm = recorded(draw, orders)
    torch.manual_seed(3)
    out["pcGrad"] = PCGradWeighting()(gram).tolist()
    out["pcGradOrders"] = [j for i in range(tasks) for j in orders[i] if j != i]
    if vaccinate:
        weighting = GradVacWeighting(beta=BETA, eps=0.0)
        # Three updates: the targets start at zero and follow the cosines.
        out["gradVac"] = []
        for step in range(3):
            orders.clear()
            weights = weighting(gram if step != 1 else gram.flip(0, 1)).tolist()
            others = [[j for j in range(tasks) if j != i] for i in range(tasks)]
            out["gradVac"].append({
                "flipped": step == 1,
                "orders": [others[i][k] for i in range(tasks) for k in orders[i]],
                "weights": weights,
                "targets": weighting._phi_t.flatten().tolist(),
            })
    torch.randperm = draw
    return out


versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torchjd", "torch", "quadprog", "qpsolvers"))
head = {"generatedBy": f"python3 test/golden/torchjd.py ({versions}, float64)", "beta": BETA, "regularizations": REGULARIZATIONS}
cases = [case(name, jacobian, True) for name, jacobian in gradients()]
cases += [case(name, jacobian, False) for name, jacobian in degenerate()]
path = pathlib.Path(__file__).with_suffix(".json")
lines = [f'  "{key}": {json.dumps(value)}' for key, value in head.items()]
lines.append('  "cases": [\n' + ",\n".join(f"    {json.dumps(value)}" for value in cases) + "\n  ]")
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(path.name, path.stat().st_size, "bytes")
