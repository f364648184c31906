"""Measures coupling and spillover of the stored parameters of one seed with `unbraid_probe`.

    python -m language_model.measure --seed 1 --out runs/language-model           # start, levels and ends of all arms
    python -m language_model.measure --seed 1 --out runs/language-model --all-layers # all 30 blocks before training

A sample is a candidate action of a state. Two numbers are probed: `policy`, log pi(a | s) among the candidates, which the
arms train, and `text`, the log-probability of the action's text, which training by generation would use.

Each measurement is a file OUT/SEED/measures/NAME.pt with the Gram matrix of each parameter. Those that exist are kept, so
the command continues where it was interrupted.
"""
import argparse
import pathlib

import torch
from safetensors.torch import load_file
from unbraid_probe import Sample, probe

from .grams import grams
from .model import load
from .policy import only_candidate, prepare, read_states, score
from .train import ARMS, FIRST, LEVELS, trainable, write

SPLITS = ("train", "held-out")
# Root mean square of the predicted change of log pi, in nats, over all samples: it sets the sizes of the steps.
CHANGES = (0.003, 0.03, 0.3, 3.0)
# Blocks whose rows are in memory at once when all 30 are measured, and states of each split there.
GROUP, STATES_OF_ALL_LAYERS = 6, 8


def policy_log_prob(first):
    def log_prob(model, sample):
        """log pi of the action among the candidates of the state."""
        return score(model, sample.inputs, first)[0].log_softmax(0)[sample.index]

    return log_prob


def text_log_prob(first):
    def log_prob(model, sample):
        """Sum of the log-probabilities of the tokens of the action after the state."""
        return score(model, only_candidate(sample.inputs, sample.index), first)[0][0]

    return log_prob


KINDS = {"policy": policy_log_prob, "text": text_log_prob}


def samples_of(states):
    """One sample for each candidate of each state."""
    return [
        Sample(state.id, action, state, number, state.text, "good" if state.good[number] else "bad", group)
        for group, state in enumerate(states)
        for number, action in enumerate(state.actions)
    ]


def describe(bank):
    words = [(s.state, s.action, s.label) for s in bank.samples]
    return {"samples": words, "logProbs": bank.log_probs, "notes": bank.notes}


def with_steps(bank, matrices, splits):
    """Steps on the good training samples: predicted and measured changes of log pi, [sizes, samples]."""
    gram = sum(matrices.values())
    good = torch.tensor([s.label == "good" and split == "train" for s, split in zip(bank.samples, splits)])
    weights = good.double() / good.sum()
    slope = gram @ weights
    sizes = [float(change / slope.pow(2).mean().sqrt()) for change in CHANGES]
    steps = bank.take_steps(sizes, weights.tolist())
    return {"sizes": sizes, "predicted": torch.outer(torch.tensor(sizes), slope), "actual": steps.change}


def measure(model, states, kind, first, names):
    """(bank, Gram matrices) of the parameters whose name is in `names`."""
    model.requires_grad_(False)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in names)
    bank = probe(model, samples_of(states), KINDS[kind](first), name="SmolLM2-135M-Instruct")
    return bank, grams(bank)


def measure_all_layers(model, states, kind):
    """Description and Gram matrices of all parameters, a group of blocks at a time."""
    names = [name for name, _ in model.named_parameters()]
    number = lambda name: int(name.split(".")[1]) // GROUP if name.startswith("blocks.") else -1
    matrices, description = {}, {}
    for group in sorted({number(name) for name in names}):
        bank, found = measure(model, states, kind, 0, {name for name in names if number(name) == group})
        matrices, description = matrices | found, describe(bank)
    return description | {"grams": matrices}


def jobs(folder):
    """(name, path of the parameters or None, kind, whether steps are taken), the start and the ends first."""
    ends = [(f"{arm}-end", folder / arm / "end.safetensors") for arm in ARMS]
    levels = [(f"{arm}-{level}", folder / arm / f"level-{level}.safetensors") for level in LEVELS for arm in ARMS]
    full = [(name, path, kind, True) for name, path in [("start", None), *ends] for kind in KINDS]
    return [job for job in full + [(*level, "policy", False) for level in levels] if job[1] is None or job[1].exists()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--all-layers", action="store_true")
    options = parser.parse_args()
    folder = options.out / str(options.seed)
    measures = folder / "measures"
    measures.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    records = read_states(options.seed)
    model, tokenizer = load()

    def prepared(first, count):
        return [prepare(model, tokenizer, record, first) for split in SPLITS for record in records[split][:count]]

    def store(name, value):
        write(measures / f"{name}.pt", lambda path: torch.save(value, path))
        print("stored", name, flush=True)

    if options.all_layers:
        for kind in KINDS:
            if not (measures / f"all-layers-{kind}.pt").exists():
                store(f"all-layers-{kind}", measure_all_layers(model, prepared(0, STATES_OF_ALL_LAYERS), kind))
        return
    states = prepared(FIRST, None)
    splits = [split for split in SPLITS for record in records[split] for _ in record["actions"]]
    start = {name: parameter.detach().clone() for name, parameter in trainable(model).items()}
    for name, path, kind, steps in jobs(folder):
        if (measures / f"{name}-{kind}.pt").exists():
            continue
        model.load_state_dict(start if path is None else load_file(path), strict=False)
        bank, matrices = measure(model, states, kind, FIRST, start.keys())
        taken = with_steps(bank, matrices, splits) if steps else None
        store(f"{name}-{kind}", describe(bank) | {"grams": matrices, "steps": taken, "splits": splits})


if __name__ == "__main__":
    main()
