"""Bridge to games that TextWorld makes (https://github.com/microsoft/TextWorld, MIT).

    python3 -I textworld_bridge.py 'textworld:coin_collector?level=5'
    python3 -I textworld_bridge.py 'textworld:cooking?recipe=1&take=1&go=6&open=true&cook=true'
    python3 -I textworld_bridge.py --check

Games that are not in the cache folder are made at the start, without a network. docs/third-party.md says how seeds,
splits, rewards, observations and actions map to the game's own.
"""

import hashlib
import json
import os
import re
import subprocess
import sys

# -I leaves out this folder. Nothing is written into it: the package stays as it was installed.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shipped  # noqa: E402
import unbraid_bridge  # noqa: E402

# The version of the rendering below; any change of an episode raises it.
RENDERING = 1
# The step limit where the config has none; the cooking games of TextWorld's competition had 100.
MAX_STEPS = {"coin_collector": 50, "treasure_hunter": 50, "cooking": 100}
# The prompt with the status line, which ends each text and shows how many turns were taken.
STATUS = re.compile(r"\n>\s*-=[^\n]*=-\d+/\d+\s*$")
# The observation already carries what these print; they change nothing in the game.
NO_OPS = {"look", "inventory"}
# TextWorld divides food and its preparations into three parts. Other challenges have games with other seeds alone.
FOOD = {"train": "train", "in-domain": "valid", "out-of-domain": "test"}
MAKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "textworld_maker.py")


def missing(_name):
    return shipped.missing_package("textworld", "textworld", ["textworld"])


def boolean(name, parameters, key):
    return shipped.choice(name, parameters, key, ("false", "true"), "false") == "true"


def read_name(name):
    """The challenge, its settings, whether the goal names each step, and how many games each split has."""
    challenge, parameters = shipped.split_name(name, "textworld:")
    if challenge not in MAX_STEPS:
        raise unbraid_bridge.Refusal(
            f"{name}: challenge must be one of {', '.join(MAX_STEPS)}, got {challenge}; choose one of them"
        )

    def number(key, least, most, default):
        return shipped.whole_number(name, parameters, key, least, most, default)

    known = ["games", "goal"]
    games = number("games", 1, 10_000, 20)
    brief = shipped.choice(name, parameters, "goal", ("detailed", "brief"), "detailed") == "brief"
    if challenge == "cooking":
        settings = {"recipe": number("recipe", 1, 5, 1), "take": number("take", 0, 5, 0), "go": number("go", 1, 12, 1)}
        settings["recipe_seed"] = number("recipeSeed", 0, 999_999_999, 0)
        settings.update({key: boolean(name, parameters, key) for key in ("open", "cook", "cut", "drop")})
        known += ["recipe", "take", "go", "recipeSeed", "open", "cook", "cut", "drop"]
        if settings["go"] not in (1, 6, 9, 12):
            raise unbraid_bridge.Refusal(
                f"{name}: go must be one of 1, 6, 9, 12, got {settings['go']}; choose one of them"
            )
        if settings["take"] > settings["recipe"]:
            raise unbraid_bridge.Refusal(
                f"{name}: take must be at most recipe = {settings['recipe']}, got {settings['take']}; lower it"
            )
    else:
        settings = {"level": number("level", 1, 300 if challenge == "coin_collector" else 30, 1)}
        known += ["level"]
    shipped.refuse_rest(name, parameters, known)
    return challenge, settings, brief, games


def cache_folder():
    """The folder of made games, of the user: XDG_CACHE_HOME, ~/Library/Caches on macOS, otherwise ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return os.path.join(base, "unbraid", "textworld")


def plan_games(challenge, settings, brief, games, version):
    """By split, the folder names of its games, and what `textworld_maker.py` needs to make each.

    The name holds all that a game depends on, with its seed. Game `i` of split `s` has seed 3 i + s + 1, so no seed is
    in two splits.
    """
    plan = {}
    for index, split in enumerate(unbraid_bridge.SPLITS):
        own = {**settings, "split": FOOD[split]} if challenge == "cooking" else settings
        text = json.dumps([challenge, own, brief, version, RENDERING], sort_keys=True)
        family = f"{challenge}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        plan[split] = [
            {
                "folder": f"{family}-{seed}",
                "challenge": f"tw-{challenge}",
                "settings": own,
                "brief": brief,
                "seed": seed,
            }
            for seed in (3 * i + index + 1 for i in range(games))
        ]
    return plan


def make_games(plan, folder, progress):
    """Makes the games that the folder lacks, with `textworld_maker.py`."""
    lacking = [
        game for games in plan.values() for game in games if not os.path.isdir(os.path.join(folder, game["folder"]))
    ]
    if not lacking:
        return
    os.makedirs(folder, exist_ok=True)
    # TextWorld walks through sets of texts, so a game depends on the seed of Python's hashes, which only the
    # environment of a new process can set, and -I leaves the environment out. The paths of this process are passed on
    # instead.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment.update(PYTHONHASHSEED="0", PYTHONPATH=os.pathsep.join(path for path in sys.path if os.path.isabs(path)))
    command = [sys.executable, "-s", "-B", MAKER, folder]
    maker = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    with maker:
        progress(f"TextWorld makes {len(lacking)} games in {folder}", 0, len(lacking))
        # Several programs of a run make the games at the same time, each from another one on, and skip those that are
        # there.
        start = int.from_bytes(os.urandom(4), "big") % len(lacking)
        maker.stdin.write(json.dumps(lacking[start:] + lacking[:start]))
        maker.stdin.close()
        error = ""
        for done, line in enumerate(maker.stdout, 1):
            error = error or line.strip()
            progress(f"TextWorld makes {len(lacking)} games in {folder}", done, len(lacking))
    if maker.returncode != 0:
        reason = error or f"exit code {maker.returncode}"
        raise unbraid_bridge.Refusal(
            f"textworld: a game could not be made in {folder}: {reason}; change the parameters, or make room there"
        )


class Game:
    """One environment. Each episode starts TextWorld anew on the file of its game."""

    def __init__(self, files):
        self.files = files
        self.environment = None

    def reset(self, seed, split):
        import textworld

        self.close()
        files = self.files[split]
        wanted = (
            "admissible_commands",
            "description",
            "inventory",
            "objective",
            "facts",
            "max_score",
            "score",
            "won",
            "lost",
        )
        self.environment = textworld.start(files[seed % len(files)], textworld.EnvInfos(**dict.fromkeys(wanted, True)))
        self.game = self.environment.reset()
        self.score = 0.0
        # The opening text repeats the goal and the first place.
        return self.observe("")

    def step(self, action):
        self.game, _, done = self.environment.step(action)
        score = self.game.score / self.game.max_score if self.game.max_score else 0.0
        reward, self.score = score - self.score, score
        return self.observe(STATUS.sub("", self.game.feedback)), reward, done

    def observe(self, result):
        parts = [
            self.game.description,
            self.game.inventory,
            result if self.game.description not in result else "",
            self.game.objective,
        ]
        # TextWorld separates paragraphs by several empty lines.
        return "\n".join(" ".join(part.split()) for part in parts if part.strip())

    def actions(self):
        return [command for command in self.game.admissible_commands if command not in NO_OPS]

    def state(self):
        """The facts of the whole world, seen or not, with the goal and the score."""
        return shipped.digest(self.game.objective, repr(self.score), *sorted(map(str, self.game.facts)))

    def close(self):
        if self.environment is not None:
            self.environment.close()


def open_named(name, max_steps, progress):
    packages = shipped.installed(["textworld"])
    challenge, settings, brief, games = read_name(name)
    plan = plan_games(challenge, settings, brief, games, packages["textworld"])
    folder = cache_folder()
    make_games(plan, folder, progress)
    files = {
        split: [os.path.join(folder, game["folder"], "game.z8") for game in games] for split, games in plan.items()
    }
    # Another Python, or a change of the cache, may have made other games: then the version differs, too.
    digest = hashlib.sha256()
    for path in (path for split in unbraid_bridge.SPLITS for path in files[split]):
        with open(path[:-3] + ".json", "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    food = (
        {split: f" with TextWorld's {part} food and preparations" for split, part in FOOD.items()}
        if challenge == "cooking"
        else {}
    )
    return unbraid_bridge.Program(
        lambda: Game(files),
        name=name,
        version=f"{packages['textworld']}+{RENDERING}.{digest.hexdigest()[:12]}",
        max_steps=max_steps or MAX_STEPS[challenge],
        packages=packages,
        splits={
            split: f"{games} games{food.get(split, '')}; seeds 3 i + {index + 1}"
            for index, split in enumerate(unbraid_bridge.SPLITS)
        },
    )


if __name__ == "__main__":
    shipped.main("textworld:<challenge>[?name=value&...]", missing, open_named)
