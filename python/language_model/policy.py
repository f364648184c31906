"""Policy of the language model: pi(a | s) = softmax over the candidate actions of their log-probabilities as texts.

Actions are scored and not generated. The state and all candidates are one sequence: the tokens of a candidate attend to
the state and to earlier tokens of the same candidate, so the state is computed once.
"""
import json
import pathlib
from typing import NamedTuple

import torch

QUESTION = "\nNext action:"


class State(NamedTuple):
    """A state with its candidates. T tokens: those of the state, then those of each candidate."""

    id: str
    text: str
    actions: list
    good: torch.Tensor  # [candidates], 1 or 0
    x: torch.Tensor  # [T, width], the inputs of the first trained block
    positions: torch.Tensor  # [T]
    owner: torch.Tensor  # [T], number of the candidate, -1 for the state
    ids: torch.Tensor  # [T], token ids


def read_states(seed):
    """{'train': records, 'held-out': records} of states/SEED.json."""
    path = pathlib.Path(__file__).parent / "states" / f"{seed}.json"
    if not path.exists():
        raise FileNotFoundError(f"read_states: no file {path}; run node scripts/languageModelStates.ts {seed}")
    return json.loads(path.read_text())


def attention_mask(positions, owner):
    """[T, T], true where the row attends to the column."""
    seen = (owner[None] == owner[:, None]) | (owner[None] == -1)
    return seen & (positions[None] <= positions[:, None])


def prepare(model, tokenizer, record, first):
    """The State of a record of states/SEED.json, with the output of the blocks before `first`, which are not trained."""
    prompt = tokenizer.encode(record["text"] + QUESTION)
    candidates = [tokenizer.encode(" " + action) for action in record["actions"]]
    ids, positions, owner = list(prompt), list(range(len(prompt))), [-1] * len(prompt)
    for number, tokens in enumerate(candidates):
        ids += tokens
        positions += range(len(prompt), len(prompt) + len(tokens))
        owner += [number] * len(tokens)
    ids, positions, owner = torch.tensor(ids), torch.tensor(positions), torch.tensor(owner)
    with torch.no_grad():
        x = model.run(model.embed(ids), positions, attention_mask(positions, owner), 0, first)
    good = torch.tensor(record["good"], dtype=torch.float32)
    return State(record["id"], record["text"], record["actions"], good, x, positions, owner, ids)


def only_candidate(state, number):
    """The state with one of its candidates: the plain sequence of state and action."""
    rows = (state.owner == -1) | (state.owner == number)
    owner = torch.where(state.owner[rows] == -1, -1, 0)
    return state._replace(
        actions=[state.actions[number]],
        good=state.good[number : number + 1],
        x=state.x[rows],
        positions=state.positions[rows],
        owner=owner,
        ids=state.ids[rows],
    )


def score(model, state, first):
    """(scores, embeddings): log-probability of the text of each candidate [candidates], and the last hidden state of
    the last token of each candidate [candidates, width]."""
    h = model.run(state.x, state.positions, attention_mask(state.positions, state.owner), first)
    targets = torch.nonzero(state.owner >= 0)[:, 0]
    last_of_state = int((state.owner == -1).sum()) - 1
    starts = state.owner[targets] != state.owner[targets - 1]
    sources = torch.where(starts, last_of_state, targets - 1)
    log_probs = model.logits(h[sources]).log_softmax(-1)
    tokens = log_probs.gather(1, state.ids[targets][:, None])[:, 0]
    scores = torch.zeros(len(state.actions)).index_add(0, state.owner[targets], tokens)
    ends = torch.cat([targets[1:][starts[1:]] - 1, targets[-1:]])
    return scores, h[ends]


def success(scores_of_states, states):
    """(mean probability of the good actions, share of states whose likeliest action is good)."""
    probability = [float((scores.softmax(0) * s.good).sum()) for scores, s in zip(scores_of_states, states)]
    greedy = [float(s.good[scores.argmax()]) for scores, s in zip(scores_of_states, states)]
    return sum(probability) / len(states), sum(greedy) / len(states)
