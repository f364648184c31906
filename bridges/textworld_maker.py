"""Makes the games that textworld_bridge.py plays. Needs PYTHONHASHSEED=0, and the packages of TextWorld in PYTHONPATH.

    PYTHONHASHSEED=0 python3 textworld_maker.py FOLDER < games.json

Reads a list of games from standard input. Writes a line to standard output for each that is complete in the folder,
empty or with the error.
"""

import json
import os
import shutil
import sys
import tempfile


def make_game(folder, game):
    """Makes one game in a folder of its own, which gets its name when it is complete: a started one is never taken for
    a game.
    """
    import textworld
    from textworld.challenges.registration import CHALLENGES

    target = os.path.join(folder, game["folder"])
    temporary = tempfile.mkdtemp(prefix="making-", dir=folder)
    try:
        options = textworld.GameOptions()
        options.seeds = game["seed"]
        options.grammar.only_last_action = game["brief"]
        options.path = os.path.join(temporary, "game.z8")
        textworld.generator.compile_game(CHALLENGES[game["challenge"]][1](game["settings"], options), options)
        os.chmod(temporary, 0o755)
        os.rename(temporary, target)
    except OSError:
        # Another program has made it at the same time.
        if not os.path.isdir(target):
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def main(folder, games):
    """Makes the games in children of this process, as many at a time as there are cores.

    Every child starts from the same process, in which the grammars are loaded (they take seconds), and makes one game:
    so a game does not depend on which others are made.
    """
    import textworld
    from textworld.challenges.registration import CHALLENGES

    # The same game, whatever games are wanted, so that all children of all calls start alike.
    first, options = games[0], textworld.GameOptions()
    options.seeds = 0
    same_split = {"split": "train"} if "split" in first["settings"] else {}
    CHALLENGES[first["challenge"]][1]({**first["settings"], **same_split}, options)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting, live, failed = list(reversed(games)), set(), False
    while waiting and not failed or live:
        while waiting and not failed and len(live) < cores:
            game = waiting.pop()
            child = os.fork()
            if child == 0:
                make_in_child(folder, game)
            live.add(child)
        child, status = os.wait()
        live.discard(child)
        failed = failed or status != 0
    sys.exit(1 if failed else 0)


def make_in_child(folder, game):
    """Makes a game and ends this process."""
    try:
        if not os.path.isdir(os.path.join(folder, game["folder"])):
            make_game(folder, game)
        print(flush=True)
        os._exit(0)
    except Exception as error:
        report(error)
        os._exit(1)


def report(error):
    print(" ".join(f"{type(error).__name__}: {error}".split()), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], json.load(sys.stdin))
    except Exception as error:
        report(error)
        sys.exit(1)
