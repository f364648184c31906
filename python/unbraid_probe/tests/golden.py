"""Writes small banks with their exact Gram matrices for tests of readers of the format.

    python tests/golden.py FOLDER

Each NAME.safetensors has a NAME.json. `layers` (by name of the parameter) and `sum` are the float64 Gram matrices of
explicit gradients from torch.func in a float64 copy of the model. `storedSum` is the Gram matrix of the numbers in the
bank. The program is deterministic: it writes equal files again on the same machine, and equal numbers up to rounding on
others.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from models import LanguageModel, policy
from reference import explicit, explicit_gram

from unbraid_probe import Sample, Sketch, categorical_log_prob, causal_log_prob, probe

LINES = (
    "you are in a kitchen and carry the apple potato egg mug",
    ". task : make it hot cool heat with microwave fridge >",
)
WORDS = " ".join(LINES).split()


def encode(text):
    """Ids of the words."""
    return [WORDS.index(word) for word in text.split()]


def policy_samples():
    """Eight samples of four similar states: pushing towards the lean of the pole is good."""
    generator = torch.Generator().manual_seed(5)
    samples = []
    for state in range(4):
        observation = torch.randn(4, generator=generator) * torch.tensor([0.3, 0.3, 0.1, 0.3])
        for action, word in enumerate(("left", "right")):
            good = (observation[2] > 0) == (action == 1)
            samples.append(
                Sample(
                    state=f"pole {state}",
                    action=f"push {word}",
                    inputs=observation,
                    index=action,
                    text=f"the pole leans {'right' if observation[2] > 0 else 'left'} by {abs(observation[2]):.2f}",
                    label="good" if good else "bad",
                    group=state,
                    advantage=1.0 if good else -1.0,
                )
            )
    return samples


def language_samples():
    """Six samples of three similar states. The same action is good in one state and bad in another."""
    samples = []
    for group, (thing, state, good, bad) in enumerate(
        [("apple", "hot", "heat", "cool"), ("apple", "cool", "cool", "heat"), ("egg", "hot", "heat", "cool")]
    ):
        for verb, label in ((good, "good"), (bad, "bad")):
            tool = "microwave" if verb == "heat" else "fridge"
            samples.append(
                Sample(
                    state=f"{thing}/{state}",
                    action=f"{verb} {thing} with {tool}",
                    text=f"carry {thing} task {state} >",
                    label=label,
                    group=group,
                    advantage=1.0 if label == "good" else -1.0,
                )
            )
    return [
        replace(samples[-1], label="unknown", advantage=None, group=None) if i == 5 else s
        for i, s in enumerate(samples)
    ]


def similarity(samples):
    """Share of common words of two states."""
    words = [set(sample.text.split()) for sample in samples]
    return [[len(a & b) / len(a | b) for b in words] for a in words]


def banks():
    """Name, model, samples, log_prob and bank of each golden file."""
    causal = causal_log_prob(encode)
    network, pole = policy(width=64, inputs=4, actions=2), policy_samples()
    bank = probe(network, pole, name="policy")
    bank.take_steps([1e-3, 1e-2])
    yield "mlp", network, pole, categorical_log_prob, bank
    kitchen = language_samples()
    for name, kind, width, options in (
        ("causal", "plain", 16, {"dtype": "float16", "similarity": similarity(kitchen)}),
        ("lora", "lora", 16, {}),
        ("sketch", "plain", 8, {"sketch": Sketch(4, seed=3)}),
    ):
        model = LanguageModel(vocabulary=128, width=width, blocks=1, kind=kind, positions=24)
        yield name, model, kitchen, causal, probe(model, kitchen, causal, name=f"tiny {kind} language model", **options)


def write(folder: Path) -> None:
    """Writes all files."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, model, samples, log_prob, bank in banks():
        bank.save(folder / f"{name}.safetensors")
        gradients = explicit(model, samples, log_prob)
        grams = {
            "layers": {layer.name: (gradients[layer.name] @ gradients[layer.name].T).tolist() for layer in bank.layers},
            "sum": explicit_gram(gradients).tolist(),
            "storedSum": bank.gram().tolist(),
        }
        (folder / f"{name}.json").write_text(json.dumps(grams) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("golden: one argument must be given, the folder; run: python tests/golden.py FOLDER")
    write(Path(sys.argv[1]))
