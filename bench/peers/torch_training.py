"""Training on the household in PyTorch, eager: the default policy, cold start, rollouts and GRPO updates of a run.

It computes what `train` of unbraid computes with the default config, in the formulas of docs/math.md, without
evaluations. bench/training.ts has the games and the demonstrations.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from household import ACTION_BAG, ACTION_SLOTS, STATE_BAG, STATE_SLOTS, WORDS, Household
from torch import nn

TOKEN, MATCH, HIDDEN, EMBEDDING = 12, 16, 64, 32
GROUPS, GENERATIONS, PASSES, MINIBATCHES = 10, 8, 2, 3
RATE, COLD_RATE, COLD_UPDATES, COLD_BATCH = 3e-3, 2e-3, 150, 256
CLIP, ENTROPY, MAX_NORM = 0.2, 0.005, 1.0
# More than any state has, so that batches can be joined.
MOST_ACTIONS = 16


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Parameter(0.6 * torch.randn(WORDS, TOKEN))
        self.state = nn.Linear(STATE_SLOTS * TOKEN, HIDDEN)
        self.action = nn.Linear(ACTION_SLOTS * TOKEN, HIDDEN, bias=False)
        self.query, self.key = nn.Linear(TOKEN, MATCH, bias=False), nn.Linear(TOKEN, MATCH, bias=False)
        self.match = nn.Linear(ACTION_SLOTS * STATE_SLOTS, HIDDEN, bias=False)
        self.embedding = nn.Linear(HIDDEN, EMBEDDING)
        self.head = nn.Linear(EMBEDDING, 1, bias=False)
        nn.init.normal_(self.head.weight, std=0.3 / math.sqrt(EMBEDDING))

    def forward(self, batch):
        """log pi [states, actions] of a padded batch."""
        state_words, state_bag, action_words, action_bag, mask = batch
        n, k = mask.shape
        x = torch.cat((F.embedding(state_words, self.tokens), (state_bag @ self.tokens[STATE_BAG])[:, None]), 1)
        a = torch.cat((F.embedding(action_words, self.tokens), (action_bag @ self.tokens[ACTION_BAG])[:, :, None]), 2)
        match = self.query(a).view(n, -1, MATCH) @ self.key(x).transpose(1, 2) / math.sqrt(MATCH)
        h = self.state(x.view(n, 1, -1)) + self.action(a.view(n, k, -1)) + self.match(match.view(n, k, -1))
        e = torch.tanh(self.embedding(torch.relu(h)))
        return torch.log_softmax(self.head(e)[..., 0].masked_fill(~mask, -torch.inf), 1)


def padded(world, e):
    """Arrays of a batch with the states of the episodes `e`, and the number of each possible action."""
    possible = world.possible(e)
    row, action, words, bag = world.actions(e, possible)
    counts = possible.sum(1)
    at = np.arange(len(row)) - np.repeat(counts.cumsum() - counts, counts)
    action_words = np.zeros((len(e), MOST_ACTIONS, words.shape[1]), np.int64)
    action_bag = np.zeros((len(e), MOST_ACTIONS, bag.shape[1]), np.float32)
    numbers = np.zeros((len(e), MOST_ACTIONS), np.int64)
    action_words[row, at], action_bag[row, at], numbers[row, at] = words, bag, action
    state_words, state_bag = world.states(e)
    mask = np.arange(MOST_ACTIONS) < counts[:, None]
    return [state_words.astype(np.int64), state_bag.astype(np.float32), action_words, action_bag, mask], numbers


def tensors(arrays, rows=slice(None)):
    """The batch of some rows of the arrays, with as many actions as its states have at most."""
    mask = arrays[4][rows]
    most = mask.sum(1).max()
    cut = [arrays[0][rows], arrays[1][rows], arrays[2][rows, :most], arrays[3][rows, :most], mask[:, :most]]
    return [torch.from_numpy(np.ascontiguousarray(array)) for array in cut]


def joined(parts):
    return [np.concatenate(arrays) for arrays in zip(*parts)]


def step(policy, optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), MAX_NORM)
    optimizer.step()


def adamw(policy, rate):
    # The faster of PyTorch's eager implementations of AdamW on a CPU.
    return torch.optim.AdamW(policy.parameters(), lr=rate, weight_decay=0, fused=True)


def replay(games, play):
    """States of the demonstrations, padded, and the index of the expert's choice in each."""
    parts, world, before = [], None, -1
    for game, _, played in play:
        if game != before:
            world, before = Household(games[game : game + 1]), game
        arrays, numbers = padded(world, np.array([0]))
        parts.append(arrays)
        world.act(np.array([0]), numbers[0, played : played + 1])
    return joined(parts), play[:, 1]


def clone(policy, demonstrations, rng):
    arrays, choice = demonstrations
    optimizer = adamw(policy, COLD_RATE)
    for _ in range(COLD_UPDATES):
        rows = rng.integers(len(choice), size=COLD_BATCH)
        taken = torch.from_numpy(choice[rows])[:, None]
        step(policy, optimizer, -policy(tensors(arrays, rows)).gather(1, taken).mean())


@torch.no_grad()
def roll(policy, world, rng):
    """Plays all episodes to their end. Returns the states, and by state episode, action index and log pi."""
    parts, episodes, taken, log_prob = [], [], [], []
    e = world.live()
    while len(e):
        arrays, numbers = padded(world, e)
        log_probs = policy(tensors(arrays)).numpy()
        total = np.exp(log_probs).cumsum(1)
        chosen = (rng.random((len(e), 1)) * total[:, -1:] >= total).sum(1)
        chosen = np.minimum(chosen, arrays[4].sum(1) - 1)
        rows = np.arange(len(e))
        parts.append(arrays)
        episodes.append(e)
        taken.append(chosen)
        log_prob.append(log_probs[rows, chosen])
        world.act(e, numbers[rows, chosen])
        e = world.live()
    return joined(parts), np.concatenate(episodes), np.concatenate(taken), np.concatenate(log_prob)


def learn(policy, optimizer, rollout, returns, rng):
    arrays, episodes, taken, log_prob = rollout
    groups = returns.reshape(GROUPS, GENERATIONS)
    advantages = (groups - groups.mean(1, keepdims=True)) / (groups.std(1, keepdims=True) + 1e-4)
    advantages = advantages.reshape(-1)[episodes].astype(np.float32)
    steps = len(taken)
    weight = MINIBATCHES / steps
    for _ in range(PASSES):
        for rows in np.array_split(rng.permutation(steps), MINIBATCHES):
            batch = tensors(arrays, rows)
            log_probs = policy(batch)
            chosen = torch.from_numpy(taken[rows])[:, None]
            ratio = torch.exp(log_probs.gather(1, chosen)[:, 0] - torch.from_numpy(log_prob[rows]))
            advantage = torch.from_numpy(advantages[rows])
            surrogate = torch.minimum(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage)
            entropy = -(log_probs.exp() * log_probs.masked_fill(~batch[4], 0)).sum(1)
            step(policy, optimizer, -weight * (surrogate + ENTROPY * entropy).sum())


def training(games, play, seed, iterations):
    """Trains one policy. Returns the success of each iteration's episodes."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    policy = Policy()
    clone(policy, replay(games, play), rng)
    optimizer = adamw(policy, RATE)
    success = []
    for _ in range(iterations):
        chosen = np.repeat(rng.integers(len(games), size=GROUPS), GENERATIONS)
        world = Household(games[chosen])
        rollout = roll(policy, world, rng)
        returns = world.succeeded.astype(np.float64)
        learn(policy, optimizer, rollout, returns, rng)
        success.append(returns.mean())
    return np.float32(success)


def features(games, play):
    """Features of the states and actions of the demonstrations, as sums by state and slot, to compare the rules."""
    (state_words, state_bag, action_words, action_bag, mask), _ = replay(games, play)
    bags = state_bag @ STATE_BAG, action_bag @ ACTION_BAG
    states = np.concatenate((state_words, bags[0][:, None]), 1)
    actions = np.concatenate((action_words, bags[1][:, :, None]), 2) * mask[:, :, None]
    return {"states": states, "actions": actions.sum(1), "counts": mask.sum(1)}
