"""Bridge to MinAtar (https://github.com/kenjyoung/MinAtar, GPL): five small versions of Atari games.

    python3 -I minatar_bridge.py minatar:breakout
    python3 -I minatar_bridge.py 'minatar:seaquest?ramping=false'
    python3 -I minatar_bridge.py --check

Observations are the 10 x 10 cells with their channels, as zeros and ones. docs/third-party.md describes splits and
options.
"""

import logging
import os
import sys

# -I leaves out this folder. Nothing is written into it: the package stays as it was installed.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shipped  # noqa: E402
import unbraid_bridge  # noqa: E402

# The version of the rendering below; any change of an episode raises it.
RENDERING = 1
GAMES = ("asterix", "breakout", "freeway", "seaquest", "space_invaders")
# Only freeway has a limit of its own: this one.
MAX_STEPS = 2500
MOVES = ("none", "left", "up", "right", "down", "fire")


def missing(_name):
    return shipped.missing_package("minatar", "minatar", ["minatar", "numpy"], "--no-deps")


class Game:
    """One environment. Each episode is played in a new game, so that it cannot depend on the episodes before it."""

    def __init__(self, create, moves):
        self.create = create
        self.moves = moves

    def reset(self, seed, split):
        self.game = self.create()
        # Three disjoint sets of seeds, below the 2^32 of NumPy's RandomState.
        self.game.seed(3 * (seed % 2**29) + unbraid_bridge.SPLITS.index(split))
        self.game.reset()
        return self.cells()

    def step(self, action):
        reward, ended = self.game.act(self.moves[action])
        return self.cells(), float(reward), bool(ended)

    def cells(self):
        return self.game.state().astype(int).ravel()


def open_named(name, max_steps, _progress):
    # MinAtar warns that it could not draw.
    logging.disable(logging.WARNING)
    from minatar import Environment

    identifier, parameters = shipped.split_name(name, "minatar:")
    if identifier not in GAMES:
        raise unbraid_bridge.Refusal(
            f"{name}: game must be one of {', '.join(GAMES)}, got {identifier}; choose one of them"
        )
    ramping = shipped.choice(name, parameters, "ramping", ("true", "false"), "true") == "true"
    sticky = shipped.choice(name, parameters, "sticky", ("true", "false"), "true") == "true"
    shipped.refuse_rest(name, parameters, ("ramping", "sticky"))

    def create():
        return Environment(identifier, sticky_action_prob=0.1 if sticky else 0.0, difficulty_ramping=ramping)

    example = create()
    rows, columns, channels = example.state_shape()
    moves = [int(move) for move in example.minimal_action_set()]
    packages = shipped.installed(["minatar", "numpy"])
    same = "The game has no held-out part: all splits have the same rules, and no seed is in two of them"
    return unbraid_bridge.Program(
        lambda: Game(create, moves),
        name=name,
        version=f"{packages['minatar']}+{RENDERING}",
        max_steps=max_steps or MAX_STEPS,
        vector_width=rows * columns * channels,
        action_names=[MOVES[move] for move in moves],
        success=None,
        packages=packages,
        splits=dict.fromkeys(unbraid_bridge.SPLITS, same),
    )


if __name__ == "__main__":
    shipped.main("minatar:<game>[?ramping=true|false&sticky=true|false]", missing, open_named)
