"""Bridge to TextWorldExpress 1.1.0 (https://github.com/cognitiveailab/TextWorldExpress, Apache-2.0); needs Java.

    python3 -I textworld_express_bridge.py 'textworld-express/coin?numLocations=5&includeDoors=0'
    python3 -I textworld_express_bridge.py --check

One Java process serves all environments. `--check` prints what is missing, if anything. docs/bridge.md says how seeds,
splits, rewards, observations and actions map to the game's own.
"""

import json
import os
import shutil
import sys

# -I leaves out this folder. Nothing is written into it: the package stays as it was installed.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shipped  # noqa: E402
import unbraid_bridge  # noqa: E402

# The version of the rendering below; any change of an episode raises it.
RENDERING = 1
MAX_STEPS = 50
FOLDS = {"train": "train", "in-domain": "dev", "out-of-domain": "test"}
# The observation already carries what these print; they change nothing in the game.
NO_OPS = {"look around", "inventory", "task"}
NO_JAVA = (
    "Java is missing; run: sudo apt-get install default-jre-headless (Debian, Ubuntu) "
    "or brew install openjdk (macOS), or see https://adoptium.net"
)


def missing(_name):
    if shutil.which("java") is None:
        no_java = f"textworld-express: {NO_JAVA}"
    else:
        no_java = None
    return shipped.missing_package("textworld-express", "textworld_express", ["textworld_express"]) or no_java


class Game:
    """One environment: a game object in the shared Java process."""

    def __init__(self, server, name, parameters, fold_seeds):
        self.server = server
        self.name = name
        self.fold_seeds = fold_seeds
        problem = server.load(name, parameters)
        if problem:
            raise unbraid_bridge.Refusal(f"textworld-express: {problem.strip()}")

    def reset(self, seed, split):
        fold = FOLDS[split]
        seeds = self.fold_seeds[fold]
        self.raw = json.loads(self.server.generateNewGameJSON(seeds[seed % len(seeds)], fold, False))
        self.score = 0.0
        self.first_looks = {}
        self.last_looks = {}
        # Only this game's task differs between episodes.
        self.task = self.server.getTaskDescription() if self.name == "mapreader" else ""
        return self.result()[0]

    def step(self, action):
        self.raw = json.loads(self.server.stepJSON(action))
        return self.result()

    def result(self):
        raw = self.raw
        # A failed task scores -1 in some games; the trainer's scores are in [0, 1].
        score = min(1.0, max(0.0, raw["score"]))
        reward = score - self.score
        self.score = score
        look, result = raw["look"], raw["observation"]
        parts = [look, raw["inventory"], result if result != look else "", self.task]
        observation = "\n".join(part.strip() for part in parts if part.strip())
        return observation, reward, score >= 1.0 or raw["tasksuccess"] or raw["taskfailure"]

    def actions(self):
        return sorted(set(self.raw["validActions"]) - NO_OPS)

    def state(self):
        """The present place, what is held, the score, and each place that the agent left otherwise than it first saw
        it.

        Places merely seen are left out, so that states recur across episodes of one game.
        """
        look, inventory = self.raw["look"] or self.raw["observation"], self.raw["inventory"]
        place = look.split(".", 1)[0]
        self.first_looks.setdefault(place, look)
        self.last_looks[place] = look
        changed = sorted(text for where, text in self.last_looks.items() if text != self.first_looks[where])
        return "\n".join([look, inventory, repr(self.score), *changed])


def read_fold_seeds(server):
    """The seeds of each fold, ascending; as text, since a Java list costs a round trip for each element."""
    lists = {"train": server.getSeedsTrain(), "dev": server.getSeedsDev(), "test": server.getSeedsTest()}
    return {fold: sorted(json.loads(seeds.toString())) for fold, seeds in lists.items()}


def open_named(environment, max_steps, _progress):
    name, parameters = shipped.split_name(environment, "textworld-express/")
    if name == "sorting":
        raise unbraid_bridge.Refusal(
            "textworld-express: sorting is not offered, because its games share objects inside one Java process; "
            "choose another game"
        )
    from textworld_express import TextWorldExpressEnv

    # Its finalizer ends Java, so it lives as long as the program: `make` holds it.
    express = TextWorldExpressEnv()
    query = ", ".join(f"{key}={value}" for key, value in parameters.items())

    def make(fold_seeds):
        return Game(express._gateway.jvm.textworldexpress.runtime.PythonInterface(), name, query, fold_seeds)

    # An unknown game or parameter is refused now, not at the first reset.
    fold_seeds = read_fold_seeds(make(None).server)
    packages = shipped.installed(["textworld-express"])
    return unbraid_bridge.Program(
        lambda: make(fold_seeds),
        name=environment,
        version=f"{packages['textworld-express']}+{RENDERING}",
        max_steps=max_steps or MAX_STEPS,
        packages=packages,
        splits={split: f"1000 games of the fold {fold} of TextWorldExpress" for split, fold in FOLDS.items()},
    )


if __name__ == "__main__":
    shipped.main("textworld-express/<game>[?name=value&...]", missing, open_named)
