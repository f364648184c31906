"""Trains the last blocks of the language model on the training states of one seed, in one of three arms.

    python -m language_model.train --seed 1 --arm policy --out runs/language-model

Arms: `policy` is the policy gradient alone. `classifier` adds the classifier loss: the model itself states whether an
action is good, with z = log p(" good" | state, action) - log p(" bad" | state, action). `shuffled` (the control) adds it
with the labels permuted among all rows.

Each update uses all training states. OUT/SEED/ARM has `log.jsonl` (one line per update, measured before it),
`latest.pt` (every 10 updates, from which the same command resumes) and one file of parameters at the first update whose
training success has reached a level, for comparisons at equal success.
"""
import argparse
import json
import os
import pathlib
import time

import torch
from safetensors.torch import save_file

from .losses import classifier_loss, policy_loss
from .model import load
from .policy import prepare, read_states, score, success

# The first trained block of 30. The outputs of the blocks before it are computed once.
FIRST = 24
UPDATES = 50
SAVE_EVERY = 10
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)
# The default of the key classifierCoef of unbraid.
CLASSIFIER_COEF = 0.5
LEARNING_RATE = {"policy": 3e-5, "classifier": 3e-5, "shuffled": 3e-5}
ARMS = tuple(LEARNING_RATE)


def trainable(model):
    """The trained parameters by name. All others stop to require gradients."""
    model.requires_grad_(False)
    model.blocks[FIRST:].requires_grad_(True)
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def write(path, save):
    """Calls save(temporary path) and renames the result, so that an interruption leaves the old file or the new one."""
    temporary = path.with_suffix(".tmp")
    save(temporary)
    os.replace(temporary, path)


def good_minus_bad(model, tokenizer):
    """[width]: its inner product with the hidden state of a token is the z of the words " good" and " bad" after it."""
    (good,), (bad,) = tokenizer.encode(" good"), tokenizer.encode(" bad")
    return (model.embed.weight[good] - model.embed.weight[bad]).detach().clone()


def labels_of(states, arm, seed):
    """Labels [rows] of the classifier, one row for each candidate of each state."""
    labels = torch.cat([state.good for state in states])
    if arm != "shuffled":
        return labels
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]


def whole_loss(model, direction, states, labels, coefficient):
    """(loss, scores of each state, classifier loss) with the graphs of all states. direction: of `good_minus_bad`."""
    outputs = [score(model, state, FIRST) for state in states]
    policy = sum(policy_loss(scores, state.good) for (scores, _), state in zip(outputs, states)) / len(states)
    classifier = classifier_loss(torch.cat([embeddings @ direction for _, embeddings in outputs]), labels)
    loss = policy + coefficient * classifier if coefficient else policy
    return loss, [scores.detach() for scores, _ in outputs], float(classifier.detach())


def train(model, direction, states, held_out, arm, seed, out, rate, updates=UPDATES, say=print):
    """Trains to `updates` updates, from the state in the folder `out` if it has one."""
    out.mkdir(parents=True, exist_ok=True)
    parameters, labels = trainable(model), labels_of(states, arm, seed)
    coefficient = 0.0 if arm == "policy" else CLASSIFIER_COEF
    learnt = list(parameters.values())
    optimiser = torch.optim.AdamW(learnt, lr=rate, betas=(0.9, 0.99), weight_decay=0.0)
    log, latest, done, reached = out / "log.jsonl", out / "latest.pt", 0, []
    if latest.exists():
        saved = torch.load(latest, weights_only=True)
        model.load_state_dict(saved["values"], strict=False)
        optimiser.load_state_dict(saved["optimiser"])
        done, reached = saved["done"], saved["reached"]
        # Lines after the saved update are of updates that are repeated.
        lines = log.read_text().splitlines()[:done]
        write(log, lambda path: path.write_text("".join(line + "\n" for line in lines)))

    def store(name):
        tensors = {key: p.detach().contiguous() for key, p in parameters.items()}
        write(out / f"{name}.safetensors", lambda path: save_file(tensors, path))

    for update in range(done, updates + 1):
        started = time.time()
        optimiser.zero_grad()
        loss, scores, classifier = whole_loss(model, direction, states, labels, coefficient)
        with torch.no_grad():
            other = [score(model, state, FIRST)[0] for state in held_out]
        line = {"update": update, "train": success(scores, states), "heldOut": success(other, held_out)}
        line["classifier"] = classifier
        for level in LEVELS:
            if line["train"][0] >= level and level not in reached:
                reached.append(level)
                store(f"level-{level}")
        if update == updates:
            store("end")
        else:
            loss.backward()
            line["gradientNorm"] = float(torch.nn.utils.clip_grad_norm_(learnt, 1.0))
            optimiser.step()
        with log.open("a") as file:
            file.write(json.dumps({**line, "seconds": round(time.time() - started, 2)}) + "\n")
        say(arm, json.dumps(line))
        if (update + 1) % SAVE_EVERY == 0 and update < updates:
            values = {name: value.detach() for name, value in parameters.items()}
            saved = {"values": values, "optimiser": optimiser.state_dict(), "done": update + 1, "reached": reached}
            write(latest, lambda path: torch.save(saved, path))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--arm", choices=ARMS, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rate", type=float, help="learning rate (default: LEARNING_RATE of the arm)")
    parser.add_argument("--updates", type=int, default=UPDATES)
    options = parser.parse_args()
    folder = options.out / str(options.seed) / options.arm
    if (folder / "end.safetensors").exists():
        print(f"train: {folder} is finished")
        return
    torch.set_num_threads(1)
    model, tokenizer = load()
    records = read_states(options.seed)
    states, held_out = ([prepare(model, tokenizer, r, FIRST) for r in records[key]] for key in ("train", "held-out"))
    rate = options.rate or LEARNING_RATE[options.arm]
    direction = good_minus_bad(model, tokenizer)
    train(model, direction, states, held_out, options.arm, options.seed, folder, rate, options.updates)


if __name__ == "__main__":
    main()
