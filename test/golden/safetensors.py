"""Writes test/golden/reference.safetensors with the official package.

    python3 -m pip install safetensors==0.8.0 numpy==2.4.6
    python3 test/golden/safetensors.py
"""

import pathlib
import sys

# The script's own folder comes first on the path and this file has the package's name.
sys.path.pop(0)

import numpy as np
from safetensors.numpy import save_file

tensors = {
    "head.weight": np.array([[0.5, -1.25, 3e-8], [1e30, -0.0, 2.0]], dtype=np.float32),
    "moments": np.array([0.1, -2.5e-300, 1e300], dtype=np.float64),
    "counts": np.array([[-1], [2147483647], [-2147483648]], dtype=np.int32),
    "mask": np.array([0, 1, 255, 7, 9], dtype=np.uint8),
    "scalar": np.array(1.5, dtype=np.float32),
    "empty": np.zeros((0, 4), dtype=np.float32),
}
path = pathlib.Path(__file__).with_name("reference.safetensors")
save_file(tensors, str(path), metadata={"format": "unbraid é"})
print(path.name, path.stat().st_size, "bytes")
