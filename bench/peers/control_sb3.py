"""PPO of Stable-Baselines3 on CartPole-v1 and Acrobot-v1, with the settings that RL Zoo publishes for them.

The settings are those of hyperparams/ppo.yml of https://github.com/DLR-RM/rl-baselines3-zoo (MIT), written out. Where a
row leaves out a key, the default of Stable-Baselines3 applies. `normalize` means running normalisation of observations
and rewards.
"""

from control_evaluation import Evaluations, read_options

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

# `linear`: the value falls linearly to 0 over `n_timesteps`.
ZOO = {
    "CartPole-v1": {
        "normalize": False,
        "n_envs": 8,
        "n_timesteps": 100_000,
        "ppo": {"n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20, "ent_coef": 0.0},
        "linear": {"learning_rate": 0.001, "clip_range": 0.2},
    },
    "Acrobot-v1": {
        "normalize": True,
        "n_envs": 16,
        "n_timesteps": 1_000_000,
        "ppo": {"n_steps": 256, "gae_lambda": 0.94, "gamma": 0.99, "n_epochs": 4, "ent_coef": 0.0},
        "linear": {},
    },
}


class Evaluate(BaseCallback):
    """Evaluates between the update and the next rollout."""

    def __init__(self, evaluations):
        super().__init__()
        self.evaluations = evaluations
        self.reached = False

    def act(self, observations):
        vec = self.model.get_vec_normalize_env()
        shown = observations if vec is None else vec.normalize_obs(observations)
        return self.model.predict(shown, deterministic=False)[0]

    def _on_training_start(self):
        self.evaluations.begin()

    def _on_rollout_start(self):
        if self.num_timesteps > 0:
            self.reached = self.evaluations.after_update(self.num_timesteps, self.act)

    def _on_training_end(self):
        if not self.reached:
            self.evaluations.after_update(self.num_timesteps, self.act)

    def _on_step(self):
        return not self.reached


def main():
    options = read_options()
    torch.set_num_threads(1)
    settings = ZOO[options.env_id]
    vec = make_vec_env(options.env_id, n_envs=settings["n_envs"], seed=options.seed)
    if settings["normalize"]:
        vec = VecNormalize(vec, gamma=settings["ppo"]["gamma"])
    schedules = {name: lambda left, first=first: left * first for name, first in settings["linear"].items()}
    model = PPO("MlpPolicy", vec, seed=options.seed, device="cpu", **settings["ppo"], **schedules)
    evaluations = Evaluations(options)
    model.learn(settings["n_timesteps"], callback=Evaluate(evaluations))
    evaluations.write(settings, ["stable-baselines3", "torch", "gymnasium", "numpy"])


main()
