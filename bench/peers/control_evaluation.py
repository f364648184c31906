"""Evaluations of a policy while it trains on a control task of Gymnasium, with the rules that all programs share.

scripts/environmentResults.ts starts the programs that use this module, and gives each the same evaluation seeds:

    python3 control_sb3.py gym:CartPole-v1 --seed 1 --threshold 475 --every 2000 --evaluation-seeds 7,10 --out record.json

An evaluation is due at each multiple of `every` environment steps and runs after the first update at or after it. It
plays one episode for each seed, with sampled actions. The clock stops while it runs. Training ends at the first
evaluation whose mean return reaches the threshold, or after the number of steps in the settings of the program.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version

# Before torch is imported: one thread, as unbraid has.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import gymnasium
import numpy as np
import torch


def play(env_id, seeds, act):
    """Returns of one episode for each seed; `act` maps f32[n, width] to n actions."""
    environments = [gymnasium.make(env_id) for _ in seeds]
    observations = [env.reset(seed=seed)[0] for env, seed in zip(environments, seeds)]
    returns = [0.0] * len(seeds)
    live = list(range(len(seeds)))
    while live:
        actions = act(np.stack([observations[i] for i in live]).astype(np.float32))
        still = []
        for i, action in zip(live, actions):
            observations[i], reward, terminated, truncated, _ = environments[i].step(int(action))
            returns[i] += float(reward)
            if not (terminated or truncated):
                still.append(i)
        live = still
    for env in environments:
        env.close()
    return returns


class Evaluations:
    """Decides when an evaluation is due, plays it, and keeps its points."""

    def __init__(self, options):
        self.options = options
        self.points = []
        self.due = options.every
        self.paused = 0.0
        self.start = time.perf_counter()

    def begin(self):
        """Starts the clock: everything before it, such as imports, is set-up."""
        self.start = time.perf_counter()

    def after_update(self, steps, act):
        """Evaluates if it is due. True: the threshold is reached."""
        if steps < self.due:
            return False
        now = time.perf_counter()
        # With random numbers of its own, so that training does not depend on evaluations.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.options.seed)
            returns = play(self.options.env_id, self.options.evaluation_seeds, act)
        self.points.append({"steps": steps, "seconds": now - self.start - self.paused, "returns": returns})
        self.due = (steps // self.options.every + 1) * self.options.every
        mean = sum(returns) / len(returns)
        print(f"{steps} steps: mean return {mean:.1f}", file=sys.stderr, flush=True)
        self.paused += time.perf_counter() - now
        return mean >= self.options.threshold

    def write(self, settings, packages):
        """Writes the record in one step, so that an interrupted program leaves none."""
        record = {
            "points": self.points,
            "settings": settings,
            "packages": {"python": sys.version.split()[0], **{name: version(name) for name in packages}},
        }
        with open(f"{self.options.out}.tmp", "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.replace(f"{self.options.out}.tmp", self.options.out)


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("env")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--every", type=int, required=True)
    parser.add_argument("--evaluation-seeds", type=lambda text: [int(seed) for seed in text.split(",")], required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    options.env_id = options.env.removeprefix("gym:")
    return options
