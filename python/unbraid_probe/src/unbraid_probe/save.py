"""Writes a bank in the format `unbraid-factors`, version 1."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file
from torch import Tensor

if TYPE_CHECKING:
    from .bank import Bank


def save_bank(bank: Bank, path: str | os.PathLike[str]) -> None:
    """Writes to a temporary file in the same folder and renames it, so that no reader sees half a file."""
    metadata = {
        "format": "unbraid-factors",
        "version": "1",
        "header": json.dumps(_header(bank), ensure_ascii=False, allow_nan=False),
    }
    target = os.fspath(path)
    folder = os.path.dirname(target) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: the folder of the file must exist, got {folder}; create it")
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            mode = os.fstat(file.fileno()).st_mode
        save_file(_tensors(bank), temporary, metadata=metadata)
        # safetensors replaces the file by one that only its owner can read.
        os.chmod(temporary, mode)
        _sort_metadata(temporary)
        os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _sort_metadata(path: str) -> None:
    """Sorts the metadata in place: safetensors writes it in random order, and equal banks should be equal files."""
    with open(path, "r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) <= length:
            file.seek(8)
            file.write(text.ljust(length))


def _header(bank: Bank) -> dict[str, Any]:
    samples = [
        {
            **{"state": sample.state, "text": sample.text, "action": sample.action, "label": sample.label},
            "group": sample.group,
            "advantage": None if sample.advantage is None else float(sample.advantage),
            "logProb": log_prob,
        }
        for sample, log_prob in zip(bank.samples, bank.log_probs, strict=True)
    ]
    layers = [
        {"name": layer.name, "shape": layer.shape, "kind": layer.kind, "scale": layer.scale} for layer in bank.layers
    ]
    return {
        "model": bank.name,
        "logProb": bank.log_prob_words,
        "samples": samples,
        "layers": layers,
        "notes": bank.notes,
        "steps": None if bank.steps is None else {"sizes": bank.steps.sizes},
    }


def _tensors(bank: Bank) -> dict[str, Tensor]:
    tensors = {
        f"{number}.{key}": tensor.contiguous()
        for number, layer in enumerate(bank.layers)
        for key, tensor in layer.tensors.items()
    }
    if bank.similarity is not None:
        tensors["similarity"] = bank.similarity.to(torch.float32).contiguous()
    if bank.steps is not None:
        tensors["steps.weights"] = bank.steps.weights
        tensors["steps.change"] = bank.steps.change
    return tensors
