"""The stored golden banks are those that the program writes, up to rounding."""

import json
from pathlib import Path

import golden
import pytest
import torch
from safetensors import safe_open

stored = Path(__file__).parents[3] / "test" / "factors" / "golden"


def read(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["header"]), {key: file.get_tensor(key) for key in file.keys()}


@pytest.mark.skipif(not stored.exists(), reason="the golden banks are in the repository of unbraid")
def test_golden_banks(tmp_path):
    golden.write(tmp_path)
    names = sorted(path.name for path in stored.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in (name for name in names if name.endswith(".safetensors")):
        (header, tensors), (old_header, old_tensors) = read(tmp_path / name), read(stored / name)
        for found in (header, old_header):
            for sample in found["samples"]:
                sample["logProb"] = round(sample["logProb"], 4)
        assert header == old_header and tensors.keys() == old_tensors.keys()
        for key, tensor in tensors.items():
            largest = float(tensor.abs().max())
            torch.testing.assert_close(old_tensors[key], tensor, rtol=0, atol=1e-3 * largest)
        sums = [json.loads((folder / name).with_suffix(".json").read_text())["sum"] for folder in (tmp_path, stored)]
        torch.testing.assert_close(*(torch.tensor(found, dtype=torch.float64) for found in sums), rtol=1e-6, atol=1e-9)


def test_golden_banks_are_small():
    sizes = [path.stat().st_size for path in stored.glob("*")]
    assert max(sizes, default=0) < 40_000 and sum(sizes) < 200_000
