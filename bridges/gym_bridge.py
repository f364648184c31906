"""Bridge to environments registered with Gymnasium (https://github.com/Farama-Foundation/Gymnasium, MIT).

    python3 -I gym_bridge.py gym:CartPole-v1
    python3 -I gym_bridge.py 'gym:FrozenLake-v1?map_name=8x8&is_slippery=false'
    python3 -I gym_bridge.py --check gym:LunarLander-v3

Observations become lists of numbers, actions are ids. docs/third-party.md says which environments it serves.
"""

import os
import sys

# -I leaves out this folder. Nothing is written into it: the package stays as it was installed.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shipped  # noqa: E402
import unbraid_bridge  # noqa: E402

# The version of the rendering below; any change of an episode raises it.
RENDERING = 1
# With the module that registers it, if any. unbraid starts such a name only where a program of the user may start.
ID = r"([A-Za-z0-9_.]+:)?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*"
# Where an environment has no limit of its own, and the most that unbraid takes.
DEFAULT_STEPS, MOST_STEPS = 1000, 10_000
MOST_NUMBERS = 4096
# What the bridge sets itself, or what would open a window.
RESERVED = {"id", "max_episode_steps", "disable_env_checker", "render_mode", "vectorization_mode"}


def missing(name):
    problem = shipped.missing_package("gym", "gym", ["gymnasium"])
    if problem is not None or name is None:
        return problem
    import gymnasium

    spec = gymnasium.registry.get(shipped.split_name(name, "gym:", ID)[0])
    if spec is not None and "gymnasium.envs.box2d" in str(spec.entry_point):
        return shipped.missing_package("gym", "gym_box2d", ["Box2D"])
    return None


def width_of(space, name):
    """The count of numbers that an observation of this space becomes."""
    from gymnasium import spaces

    if isinstance(space, spaces.Tuple):
        return sum(width_of(part, name) for part in space)
    if isinstance(space, spaces.Dict):
        return sum(width_of(part, name) for part in space.values())
    known = isinstance(space, (spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary))
    if not known and not (isinstance(space, spaces.Box) and len(space.shape) == 1):
        raise unbraid_bridge.Refusal(
            f"{name}: observations must be vectors (a Box of one dimension, Discrete, MultiDiscrete, MultiBinary, or a Tuple "
            f"or Dict of these), got {space}; choose another environment, or write a bridge of your own (docs/third-party.md)"
        )
    return spaces.flatdim(space)


class Episodes:
    """Plays one episode at a time in a new Gymnasium environment, so that it cannot depend on the episodes before it."""

    def __init__(self, create, observation_space, action_space):
        self.create = create
        self.observation_space = observation_space
        self.action_space = action_space
        self.environment = None

    def reset(self, seed, split):
        self.close()
        self.environment = self.create()
        # Three disjoint sets of seeds below 2^31, which every random generator takes.
        seed = 3 * (seed % 2**29) + unbraid_bridge.SPLITS.index(split)
        observation, self.info = self.environment.reset(seed=seed)
        return self.vector(observation)

    def step(self, action):
        # Spaces may start at another number than 0.
        observation, reward, terminated, truncated, self.info = self.environment.step(
            action + int(self.action_space.start)
        )
        return self.vector(observation), reward, terminated, truncated

    def vector(self, observation):
        from gymnasium.spaces import flatten

        return flatten(self.observation_space, observation).ravel()

    def actions(self):
        mask = self.info.get("action_mask")
        return [action for action in range(self.action_space.n) if mask is None or mask[action]]

    def close(self):
        if self.environment is not None:
            self.environment.close()


def open_named(name, max_steps, _progress):
    import gymnasium
    from gymnasium import spaces

    identifier, texts = shipped.split_name(name, "gym:", ID)
    refused = sorted(RESERVED & texts.keys())
    if refused:
        raise unbraid_bridge.Refusal(f"{name}: the bridge sets {', '.join(refused)} itself; leave it out")
    parameters = {key: shipped.parameter_value(text) for key, text in texts.items()}
    gymnasium.logger.min_level = gymnasium.logger.ERROR
    try:
        example = gymnasium.make(identifier, disable_env_checker=True, **parameters)
    except (gymnasium.error.Error, TypeError, ImportError) as error:
        raise unbraid_bridge.Refusal(f"{name}: Gymnasium cannot create it: {error}") from error
    observation_space, action_space, spec = example.observation_space, example.action_space, example.spec
    example.close()
    limit = max_steps or min(spec.max_episode_steps or DEFAULT_STEPS, MOST_STEPS)

    def create():
        return gymnasium.make(identifier, disable_env_checker=True, max_episode_steps=limit, **parameters)

    if not isinstance(action_space, spaces.Discrete):
        raise unbraid_bridge.Refusal(
            f"{name}: actions must be Discrete, got {action_space}; choose an environment with a fixed set of actions"
        )
    width = width_of(observation_space, name)
    if width > MOST_NUMBERS:
        raise unbraid_bridge.Refusal(
            f"{name}: observations must have at most {MOST_NUMBERS} numbers, got {width}; choose another environment"
        )
    packages = shipped.installed(["gymnasium", "numpy"])
    if "box2d" in str(spec.entry_point):
        packages.update(shipped.installed(["box2d"]))
    same = "The environment has no held-out part: all splits have the same rules, and no seed is in two of them"
    return unbraid_bridge.Program(
        lambda: Episodes(create, observation_space, action_space),
        name=name,
        version=f"{packages['gymnasium']}+{RENDERING}",
        max_steps=limit,
        vector_width=width,
        action_count=int(action_space.n),
        success=None,
        packages=packages,
        splits={
            split: f"{same}. Seeds of this split: 3 (seed mod 2^29) + {index}"
            for index, split in enumerate(unbraid_bridge.SPLITS)
        },
    )


if __name__ == "__main__":
    shipped.main("gym:<id>[?name=value&...]", missing, open_named)
