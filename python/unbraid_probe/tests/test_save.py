"""The file of a bank."""

import json
import os

import pytest
import torch
from models import LanguageModel, language_samples, policy, policy_samples
from safetensors import safe_open

from unbraid_probe import Sample, Sketch, causal_log_prob, probe


def read(path):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        assert (metadata["format"], metadata["version"]) == ("unbraid-factors", "1")
        return json.loads(metadata["header"]), {key: file.get_tensor(key) for key in file.keys()}


def test_header_and_tensors(tmp_path):
    similarity = torch.eye(6) * 0.5 + 0.5
    bank = probe(policy(), policy_samples(), name="small", similarity=similarity)
    bank.take_steps([1e-3, 1e-2])
    bank.save(tmp_path / "bank.safetensors")
    header, tensors = read(tmp_path / "bank.safetensors")
    assert list(header) == ["model", "logProb", "samples", "layers", "notes", "steps"]
    assert header["model"] == "small" and header["steps"] == {"sizes": [1e-3, 1e-2]}
    assert header["logProb"] == "log pi of `sample.index` under `model(sample.inputs)`."
    assert header["samples"][1] == {
        **{"state": "s0", "text": None, "action": "action 1", "label": "bad", "group": None, "advantage": None},
        "logProb": bank.log_probs[1],
    }
    assert header["layers"][2] == {"name": "2.weight", "shape": [16, 16], "kind": "rows", "scale": {"x": 1, "d": 1}}
    assert tensors["2.x"].shape == (6, 16) and tensors["2.sample"].tolist() == [0, 1, 2, 3, 4, 5]
    assert tensors["2.sample"].dtype == torch.int32 and tensors["2.x"].dtype == torch.float32
    assert header["layers"][1] == {"name": "0.bias", "shape": [16], "kind": "gradients", "scale": {"g": 1}}
    assert tensors["1.g"].shape == (6, 16)
    assert torch.equal(tensors["similarity"], similarity)
    assert torch.equal(tensors["steps.change"], bank.steps.change) and tensors["steps.weights"].dtype == torch.float64


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_tensors_of_a_language_model(tmp_path, dtype):
    bank = probe(LanguageModel(vocabulary=200), language_samples(vocabulary=200), causal_log_prob(None), dtype=dtype)
    bank.save(tmp_path / "bank.safetensors")
    header, tensors = read(tmp_path / "bank.safetensors")
    number = next(k for k, layer in enumerate(header["layers"]) if layer["name"] == "tokens.weight")
    assert header["layers"][number]["kind"] == "rows" and set(header["layers"][number]["scale"]) == {"x", "d", "e"}
    for key in ("x", "d", "e"):
        assert tensors[f"{number}.{key}"].dtype == getattr(torch, dtype)
    for key in ("sample", "token", "tokenSample"):
        assert tensors[f"{number}.{key}"].dtype == torch.int32
    for key in ("sample", "tokenSample"):
        assert (tensors[f"{number}.{key}"].diff() >= 0).all()
    scales = [value for layer in header["layers"] for value in layer["scale"].values()]
    assert all(torch.tensor(value).log2().frac() == 0 for value in scales)
    assert header["steps"] is None and "similarity" not in tensors
    assert header["logProb"] == "sum of the log-probabilities of the action's tokens after the state"


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_float16_neither_underflows_nor_overflows(factor):
    def log_prob(model, sample):
        return factor * model(sample.inputs).log_softmax(1)[0, sample.index]

    model, samples = policy(), policy_samples()
    exact, half = probe(model, samples, log_prob).gram(), probe(model, samples, log_prob, dtype="float16").gram()
    assert (exact - half).abs().max() < 1e-3 * exact.diagonal().max() and exact.abs().max() > 0


def test_words_and_numbers_of_samples(tmp_path):
    samples = [Sample("s", "a", torch.ones(4), 0, text="Ünïcode “state”\n", label="good", group=3, advantage=-0.5)]
    probe(policy(), samples).save(tmp_path / "bank.safetensors")
    header, _ = read(tmp_path / "bank.safetensors")
    found = header["samples"][0]
    assert (found["text"], found["group"], found["advantage"]) == ("Ünïcode “state”\n", 3, -0.5)


def test_sketch(tmp_path):
    bank = probe(policy(), policy_samples(), sketch=Sketch(8, 1))
    bank.save(tmp_path / "bank.safetensors")
    header, tensors = read(tmp_path / "bank.safetensors")
    assert header["layers"][2]["kind"] == "sketch" and header["layers"][2]["shape"] == [16, 16]
    assert tensors["2.g"].shape == (6, 64)


def test_failed_save_keeps_the_old_file(tmp_path):
    path = tmp_path / "bank.safetensors"
    bank = probe(policy(), policy_samples())
    bank.save(path)
    old = path.read_bytes()
    bank.log_probs[0] = float("nan")
    with pytest.raises(ValueError):
        bank.save(path)
    bank.log_probs[0] = -1.0
    with pytest.raises(FileNotFoundError, match=r"save: the folder of the file must exist, got .*missing; create it"):
        bank.save(tmp_path / "missing" / "bank.safetensors")
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["bank.safetensors"]


def test_permissions_are_those_of_other_new_files(tmp_path):
    (tmp_path / "other").write_text("")
    probe(policy(), policy_samples()).save(tmp_path / "bank.safetensors")
    assert (tmp_path / "bank.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_equal_calls_write_equal_files(tmp_path):
    for name in ("a", "b"):
        probe(policy(), policy_samples()).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
