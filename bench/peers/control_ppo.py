"""PPO with the algorithm and the defaults of CleanRL's ppo.py, written anew in PyTorch; no code of CleanRL is used.

The defaults are those of https://github.com/vwxyzjn/cleanrl, file cleanrl/ppo.py: 4 environments of 128 steps, 4 passes
of 4 minibatches, Adam with epsilon 1e-5 and a rate that falls linearly from 2.5e-4 over 500,000 steps, separate networks
of two layers of 64 tanh units with orthogonal weights, advantages normalised by minibatch, clipped values. The end of an
episode by its time limit counts as the end of the task, as there.
"""

from control_evaluation import Evaluations, read_options

import gymnasium
import numpy as np
import torch
from torch import nn

SETTINGS = {
    "total_steps": 500_000,
    "environments": 4,
    "steps": 128,
    "passes": 4,
    "minibatches": 4,
    "learning_rate": 2.5e-4,
    "adam_epsilon": 1e-5,
    "discount": 0.99,
    "gae_lambda": 0.95,
    "clip": 0.2,
    "entropy_weight": 0.01,
    "value_weight": 0.5,
    "max_grad_norm": 0.5,
    "hidden": 64,
}


def network(width, outputs, gain):
    layers = [nn.Linear(width, SETTINGS["hidden"]), nn.Linear(SETTINGS["hidden"], SETTINGS["hidden"])]
    last = nn.Linear(SETTINGS["hidden"], outputs)
    for layer, scale in [*((layer, 2**0.5) for layer in layers), (last, gain)]:
        nn.init.orthogonal_(layer.weight, scale)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), last)


class Games:
    """The environments of training; an episode that ends starts again at once."""

    def __init__(self, env_id, seed):
        self.environments = [gymnasium.make(env_id) for _ in range(SETTINGS["environments"])]
        self.states = np.stack([env.reset(seed=seed + i)[0] for i, env in enumerate(self.environments)])

    def step(self, actions):
        """Rewards and ends, f32[environments] each; `states` then holds the next states."""
        rewards, ends = np.zeros(len(actions), np.float32), np.zeros(len(actions), np.float32)
        for i, (env, action) in enumerate(zip(self.environments, actions)):
            state, rewards[i], terminated, truncated, _ = env.step(int(action))
            if terminated or truncated:
                ends[i] = 1
                state = env.reset()[0]
            self.states[i] = state
        return torch.from_numpy(rewards), torch.from_numpy(ends)


def collect(games, actor, critic):
    """One rollout: states [steps, environments, width], and [steps, environments] of the rest."""
    kept = {name: [] for name in ("states", "actions", "log_probs", "values", "rewards", "ends")}
    with torch.no_grad():
        for _ in range(SETTINGS["steps"]):
            states = torch.tensor(games.states, dtype=torch.float32)
            chances = torch.distributions.Categorical(logits=actor(states))
            actions = chances.sample()
            rewards, ends = games.step(actions.numpy())
            row = (states, actions, chances.log_prob(actions), critic(states)[:, 0], rewards, ends)
            for values, value in zip(kept.values(), row):
                values.append(value)
        following = critic(torch.tensor(games.states, dtype=torch.float32))[:, 0]
    rollout = {name: torch.stack(values) for name, values in kept.items()}
    advantages, carried = torch.zeros_like(rollout["rewards"]), torch.zeros(SETTINGS["environments"])
    discount, decay = SETTINGS["discount"], SETTINGS["discount"] * SETTINGS["gae_lambda"]
    for t in reversed(range(SETTINGS["steps"])):
        lasts = 1 - rollout["ends"][t]
        error = rollout["rewards"][t] + discount * following * lasts - rollout["values"][t]
        advantages[t] = carried = error + decay * lasts * carried
        following = rollout["values"][t]
    rollout["advantages"], rollout["targets"] = advantages, advantages + rollout["values"]
    return {name: values.flatten(0, 1) for name, values in rollout.items()}


def loss_of(batch, actor, critic):
    clip = SETTINGS["clip"]
    chances = torch.distributions.Categorical(logits=actor(batch["states"]))
    ratio = (chances.log_prob(batch["actions"]) - batch["log_probs"]).exp()
    gains = (batch["advantages"] - batch["advantages"].mean()) / (batch["advantages"].std() + 1e-8)
    policy = torch.minimum(ratio * gains, ratio.clamp(1 - clip, 1 + clip) * gains).mean()
    values = critic(batch["states"])[:, 0]
    near = batch["values"] + (values - batch["values"]).clamp(-clip, clip)
    value = 0.5 * torch.maximum((values - batch["targets"]) ** 2, (near - batch["targets"]) ** 2).mean()
    return SETTINGS["value_weight"] * value - policy - SETTINGS["entropy_weight"] * chances.entropy().mean()


def main():
    options = read_options()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    games = Games(options.env_id, options.seed)
    width, actions = games.states.shape[1], int(games.environments[0].action_space.n)
    actor, critic = network(width, actions, 0.01), network(width, 1, 1.0)
    parameters = [*actor.parameters(), *critic.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=SETTINGS["learning_rate"], eps=SETTINGS["adam_epsilon"])

    def act(observations):
        with torch.no_grad():
            return torch.distributions.Categorical(logits=actor(torch.from_numpy(observations))).sample().numpy()

    size = SETTINGS["environments"] * SETTINGS["steps"]
    updates = SETTINGS["total_steps"] // size
    evaluations = Evaluations(options)
    evaluations.begin()
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = SETTINGS["learning_rate"] * (1 - update / updates)
        rollout = collect(games, actor, critic)
        for _ in range(SETTINGS["passes"]):
            for chosen in torch.randperm(size).chunk(SETTINGS["minibatches"]):
                optimizer.zero_grad()
                loss_of({name: values[chosen] for name, values in rollout.items()}, actor, critic).backward()
                nn.utils.clip_grad_norm_(parameters, SETTINGS["max_grad_norm"])
                optimizer.step()
        if evaluations.after_update((update + 1) * size, act):
            break
    evaluations.write(SETTINGS, ["torch", "gymnasium", "numpy"])


main()
