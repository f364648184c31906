"""A policy of CleanRL's shape on observations like those of CartPole: checks the factors, takes steps, saves a bank.

python recipes/mlp.py mlp.safetensors
"""

import sys

import torch
from torch import nn
from torch.func import functional_call, grad

from unbraid_probe import Sample, probe

torch.manual_seed(1)
torch.set_num_threads(1)


def layer(inputs, outputs, gain):
    """A linear layer with orthogonal weights and bias 0."""
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, gain)
    nn.init.zeros_(linear.bias)
    return linear


policy = nn.Sequential(layer(4, 64, 2**0.5), nn.Tanh(), layer(64, 64, 2**0.5), nn.Tanh(), layer(64, 2, 0.01))

samples = []
for state in range(16):
    # Position and velocity of the cart, angle and angular velocity of the pole.
    observation = torch.randn(4) * torch.tensor([1.0, 0.5, 0.1, 0.5])
    falls_right = observation[2] + 0.3 * observation[3] > 0
    for action, word in enumerate(["left", "right"]):
        good = bool(falls_right) == (action == 1)
        samples.append(
            Sample(
                state=f"state {state}",
                text="cart at {:.2f} with speed {:.2f}, pole at {:.2f} with speed {:.2f}".format(*observation.tolist()),
                **{"action": f"push {word}", "inputs": observation, "index": action, "group": state},
                **{"label": "good" if good else "bad", "advantage": 1.0 if good else -1.0},
            )
        )

parameters = {name: parameter.detach() for name, parameter in policy.named_parameters()}
log_pi = lambda given, s: functional_call(policy, given, s.inputs).log_softmax(0)[s.index]  # noqa: E731
gradients = torch.stack([torch.cat([g.flatten() for g in grad(log_pi)(parameters, s).values()]) for s in samples])
explicit = gradients.double() @ gradients.double().T
for dtype in ("float16", "float32"):
    bank = probe(policy, samples, dtype=dtype, name="policy of CleanRL's shape")
    error = float((bank.gram() - explicit).abs().max() / explicit.diagonal().max())
    print(f"largest error of the factors against torch.func: {error:.1e} of the largest diagonal entry ({dtype})")

steps = bank.take_steps([1e-4, 1e-3, 1e-2])
for size, change in zip(steps.sizes, steps.change, strict=True):
    error = float((change - size * (bank.gram() @ steps.weights)).norm() / change.norm())
    print(f"step of size {size:g}: relative error of the first-order prediction {error:.1e}")
path = sys.argv[1] if len(sys.argv) > 1 else "bank.safetensors"
bank.save(path)
print(f"{len(samples)} samples, {len(bank.layers)} parameters saved in {path}")
