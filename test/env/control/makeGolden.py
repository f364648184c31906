"""Writes golden.json: states of CartPole-v1 and Acrobot-v1 of Gymnasium under fixed actions.

    python3 -m pip install gymnasium==1.4.0
    python3 test/env/control/makeGolden.py
"""

import json
from pathlib import Path

import gymnasium
import numpy


def follow(name, start, steps):
    env = gymnasium.make(name).unwrapped
    env.reset(seed=0)
    env.state = numpy.array(start)
    actions, states, rewards, ended = [], [], [], False
    for i in range(steps):
        action = (i * i // 3 + i // 5) % int(env.action_space.n)
        _, reward, ended, _, _ = env.step(action)
        actions.append(action)
        states.append([float(x) for x in env.state])
        rewards.append(float(reward))
        if ended:
            break
    return {"start": start, "actions": actions, "states": states[::5] + states[-1:], "rewards": rewards, "ended": bool(ended)}


golden = {
    "format": 1,
    "gymnasium": gymnasium.__version__,
    "cartPole": follow("CartPole-v1", [0.01, -0.02, 0.03, 0.04], 60),
    "acrobot": follow("Acrobot-v1", [0.05, -0.02, 0.03, 0.04], 60),
    "acrobotEnd": follow("Acrobot-v1", [1.4, 0.3, 2.0, 1.0], 60),
}
Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
