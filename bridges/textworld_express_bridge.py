"""Bridge to TextWorldExpress 1.1.0 (https://github.com/cognitiveailab/TextWorldExpress, Apache-2.0); needs Java.

    python3 -I textworld_express_bridge.py 'textworld-express/coin?numLocations=5&includeDoors=0'
    python3 -I textworld_express_bridge.py --check

Speaks the protocol of docs/bridge.md. One Java process serves all environments. `--check` prints what is missing, if anything.
docs/bridge.md also says how seeds, splits, rewards, observations and actions map to the game's own.
"""

import importlib.util
import json
import os
import shutil
import site
import sys


def isolate():
    """Keeps files of the current folder from being imported or started, wherever unbraid was called.

    Python's -I leaves out the current folder, the user's packages and PYTHONPATH. The last two are added here, without entries of PYTHONPATH
    that mean the current folder. Packages come after the standard library, so none of them can take its place.
    """
    current = os.path.realpath(os.getcwd())
    if sys.flags.isolated:
        for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
            if os.path.isabs(entry) and os.path.realpath(entry) != current:
                sys.path.append(entry)
        packages = site.getusersitepackages()
        # As Python itself decides without -I, but for a virtual environment, which has packages of its own.
        if os.path.isabs(packages) and sys.prefix == sys.base_prefix and not sys.flags.no_site:
            site.addsitedir(packages)
    # Relative entries of PATH would name the current folder, too.
    os.chdir(os.path.dirname(os.path.abspath(__file__)))


PROTOCOL = 1
# The game's version, then that of the rendering below; any change of an episode raises it.
VERSION = "1.1.0+1"
MAX_STEPS = 50
FOLDS = {"train": "train", "in-domain": "dev", "out-of-domain": "test"}
# The observation already carries what these print; they change nothing in the game.
NO_OPS = {"look around", "inventory", "task"}


def missing():
    if importlib.util.find_spec("textworld_express") is None:
        return (
            "textworld-express: the Python package is missing; "
            f"run: {sys.executable} -m pip install textworld-express==1.1.0"
        )
    if shutil.which("java") is None:
        return (
            "textworld-express: Java is missing; run: sudo apt-get install default-jre-headless (Debian, Ubuntu) "
            "or brew install openjdk (macOS), or see https://adoptium.net"
        )
    return None


class Game:
    """One environment: a game object in the shared Java process."""

    def __init__(self, server, name, parameters):
        self.server = server
        self.name = name
        problem = server.load(name, parameters)
        if problem:
            raise ValueError(f"textworld-express: {problem.strip()}")

    def fold_seeds(self):
        """The seeds of each fold, ascending; as text, since a Java list costs a round trip for each element."""
        server = self.server
        lists = {"train": server.getSeedsTrain(), "dev": server.getSeedsDev(), "test": server.getSeedsTest()}
        return {fold: sorted(json.loads(seeds.toString())) for fold, seeds in lists.items()}

    def reset(self, seed, split, fold_seeds):
        fold = FOLDS[split]
        seeds = fold_seeds[fold]
        raw = json.loads(self.server.generateNewGameJSON(seeds[seed % len(seeds)], fold, False))
        self.steps = 0
        self.score = 0.0
        self.first_looks = {}
        self.last_looks = {}
        # Only this game's task differs between episodes.
        self.task = self.server.getTaskDescription() if self.name == "mapreader" else ""
        return self.answer(raw)

    def step(self, action):
        self.steps += 1
        return self.answer(json.loads(self.server.stepJSON(action)))

    def answer(self, raw):
        # A failed task scores -1 in some games; the trainer's scores are in [0, 1].
        score = min(1.0, max(0.0, raw["score"]))
        reward = score - self.score
        self.score = score
        terminated = score >= 1.0 or raw["tasksuccess"] or raw["taskfailure"]
        look, result = raw["look"], raw["observation"]
        parts = [look, raw["inventory"], result if result != look else "", self.task]
        return {
            "observation": "\n".join(part.strip() for part in parts if part.strip()),
            "reward": reward,
            "terminated": terminated,
            "truncated": not terminated and self.steps >= MAX_STEPS,
            "admissibleActions": sorted(set(raw["validActions"]) - NO_OPS),
            "state": self.state(look or result, raw["inventory"]),
        }

    def state(self, look, inventory):
        """The present place, what is held, the score, and each place that the agent left otherwise than it first saw it.

        Places merely seen are left out, so that states recur across episodes of one game.
        """
        place = look.split(".", 1)[0]
        self.first_looks.setdefault(place, look)
        self.last_looks[place] = look
        changed = sorted(text for where, text in self.last_looks.items() if text != self.first_looks[where])
        return "\n".join([look, inventory, repr(self.score), *changed])


class Bridge:
    """The Java process and the live environments by id."""

    def __init__(self, environment):
        self.environment = environment
        self.express = None
        self.games = {}

    def hello(self):
        problem = missing()
        if problem:
            raise ValueError(problem)
        prefix, _, game = self.environment.partition("/")
        self.name, _, query = game.partition("?")
        self.parameters = ", ".join(query.split("&")) if query else ""
        if prefix != "textworld-express" or not self.name:
            raise ValueError(f"textworld-express: expected textworld-express/<game>, got {self.environment}")
        if self.name == "sorting":
            raise ValueError(
                "textworld-express: sorting is not offered, because its games share objects inside one Java process; "
                "choose another game"
            )
        from textworld_express import TextWorldExpressEnv

        # Its finalizer ends Java, so it lives as long as the bridge.
        self.express = TextWorldExpressEnv()
        # An unknown game or parameter is refused now, not at the first reset.
        self.fold_seeds = self.create().fold_seeds()
        return {"protocol": PROTOCOL, "name": self.environment, "version": VERSION, "maxSteps": MAX_STEPS}

    def create(self):
        server = self.express._gateway.jvm.textworldexpress.runtime.PythonInterface()
        return Game(server, self.name, self.parameters)

    def answer(self, request):
        if request["op"] == "hello":
            return self.hello()
        env = request["env"]
        if request["op"] == "close":
            self.games.pop(env, None)
            return {"env": env}
        if request["op"] == "reset":
            if env not in self.games:
                self.games[env] = self.create()
            return {"env": env, **self.games[env].reset(request["seed"], request["split"], self.fold_seeds)}
        return {"env": env, **self.games[env].step(request["action"])}


def main(environment, answers):
    bridge = Bridge(environment)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = bridge.answer(request)
        except ValueError as error:
            reply = {"error": str(error)}
        answers.write(json.dumps({"id": request["id"], **reply}) + "\n")
        answers.flush()


if __name__ == "__main__":
    isolate()
    if sys.argv[1:2] == ["--check"]:
        print(missing() or "", end="")
    elif len(sys.argv) == 2:
        # Only answers may reach the real standard output: whatever a library prints goes to standard error.
        answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        main(sys.argv[1], answers)
    else:
        sys.exit(f"usage: {sys.argv[0]} textworld-express/<game>[?name=value&...] | --check")
