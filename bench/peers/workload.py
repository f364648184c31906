"""What the Python peers share: the inputs of a workload, and the values that are compared."""

import json

import numpy as np

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
