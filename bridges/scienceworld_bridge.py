"""Bridge to ScienceWorld (https://github.com/allenai/ScienceWorld, Apache-2.0); needs Java.

    python3 -I scienceworld_bridge.py scienceworld:find-living-thing
    python3 -I scienceworld_bridge.py 'scienceworld:boil?simplifications=teleportAction.openDoors'
    python3 -I scienceworld_bridge.py --check

One Java process serves all environments, one call at a time; several programs can serve one run. docs/third-party.md
says how seeds, splits, rewards, observations and actions map to the task's own.
"""

import json
import os
import re
import shutil
import sys

# -I leaves out this folder. Nothing is written into it: the package stays as it was installed.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shipped  # noqa: E402
import unbraid_bridge  # noqa: E402

# The version of the rendering below; any change of an episode raises it.
RENDERING = 1
MAX_STEPS = 100
SETS = {"train": "training", "in-domain": "development", "out-of-domain": "test"}
# They begin the episode again, or only repeat what the observation already carries.
LEFT_OUT = {"reset task", "look around", "inventory", "task"}
NO_JAVA = (
    "scienceworld: Java is missing; run: sudo apt-get install default-jre-headless (Debian, Ubuntu) "
    "or brew install openjdk (macOS), or see https://adoptium.net"
)


def missing(_name):
    no_java = NO_JAVA if shutil.which("java") is None else None
    return shipped.missing_package("scienceworld", "scienceworld", ["scienceworld"]) or no_java


def start_java():
    """Starts a Java process, which ends with this one: its standard input is a pipe from here. Returns what creates a
    simulator.

    Each simulator has classes of its own: ScienceWorld's classes keep variables, such as random numbers, that all
    simulators of one loader share, so an episode would depend on the episodes beside it.
    """
    import scienceworld
    from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

    folder = os.path.dirname(scienceworld.__file__)
    jar = os.path.join(folder, "scienceworld.jar")
    port, process = launch_gateway(
        classpath=jar,
        die_on_exit=True,
        return_proc=True,
        # The order of objects in ScienceWorld's sets is that of their hash codes, which Java draws at random. With
        # equal codes it is the order in which they were added, so that an episode does not depend on the episodes
        # before it. The parallel collector would start a thread for each core, and no heap of this size needs them.
        javaopts=["-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2", "-XX:+UseSerialGC"],
        cwd=folder,
    )

    def create():
        # A connection, and so a Java thread, of its own: py4j keeps found methods by thread and by the name of the
        # class.
        gateway = JavaGateway(gateway_parameters=GatewayParameters(auto_field=True, port=port), java_process=process)
        urls = gateway.new_array(gateway.jvm.java.net.URL, 1)
        urls[0] = gateway.jvm.java.io.File(jar).toURI().toURL()
        loader = gateway.jvm.java.net.URLClassLoader(urls, None)
        return (
            loader.loadClass("scienceworld.runtime.pythonapi.PythonInterface")
            .getDeclaredConstructor(None)
            .newInstance(None)
        )

    return create


class Task:
    """One environment: a simulator in the shared Java process."""

    def __init__(self, server, name, simplifications, variations):
        self.server = server
        self.name = name
        self.simplifications = simplifications
        self.variations = variations

    def reset(self, seed, split):
        variations = self.variations[split]
        # Without a solution (False), which takes long and is not needed.
        self.server.load(self.name, variations[seed % len(variations)], self.simplifications, False)
        self.server.reset()
        self.score = 0.0
        self.description = re.sub(r"\s+", " ", self.server.freeActionTaskDesc()).strip()
        return self.observe(self.server.step("look around"))

    def step(self, action):
        result = self.server.step(action)
        if result.startswith("Ambiguous request"):
            result = self.server.step("0")
        raw = self.server.getScore()
        # A failed task scores -1; the trainer's scores are in [0, 1].
        score = min(1.0, max(0.0, raw))
        reward, self.score = score - self.score, score
        return self.observe(result), reward, bool(self.server.getCompleted()) or raw < 0

    def observe(self, result):
        self.look, self.inventory = self.server.freeActionLook(), self.server.freeActionInventory()
        # One round trip for the whole list. ScienceWorld's own Python makes one for each action.
        valid = json.loads(self.server.getValidActionObjectCombinationsJSON())["validActions"]
        self.valid = sorted({entry["action"] for entry in valid} - LEFT_OUT) or ["wait"]
        parts = [self.look, self.inventory, result if result != self.look else "", self.description]
        return "\n".join(part.strip() for part in parts if part.strip())

    def actions(self):
        return self.valid

    def state(self):
        """All that ScienceWorld tells of the state. Temperatures and the like, which it keeps to itself, are missing."""
        progress = self.server.getGoalProgressStr()
        return shipped.digest(self.description, self.look, self.inventory, repr(self.score), progress, *self.valid)


def open_named(environment, max_steps, _progress):
    name, parameters = shipped.split_name(environment, "scienceworld:")
    simplifications = parameters.pop("simplifications", "").replace(".", ",")
    shipped.refuse_rest(environment, parameters, ("simplifications",))
    create = start_java()
    server = create()
    names = list(server.getTaskNames())
    if name not in names:
        raise unbraid_bridge.Refusal(
            f"{environment}: task must be one of {', '.join(names)}, got {name}; choose one of them"
        )
    known = ["easy", *server.getPossibleSimplifications().split(", ")]
    for simplification in simplifications.split(",") if simplifications else []:
        if simplification not in known:
            raise unbraid_bridge.Refusal(
                f"{environment}: simplifications must be of {', '.join(known)} with dots between, got {simplification}; choose of them"
            )
    server.load(name, 0, simplifications, False)
    # As text, since a Java list costs a round trip for each element.
    lists = (server.getVariationsTrain(), server.getVariationsDev(), server.getVariationsTest())
    variations = {split: json.loads(each.toString()) for split, each in zip(SETS, lists)}
    packages = shipped.installed(["scienceworld"])
    return unbraid_bridge.Program(
        lambda: Task(create(), name, simplifications, variations),
        name=environment,
        version=f"{packages['scienceworld']}+{RENDERING}",
        max_steps=max_steps or MAX_STEPS,
        packages=packages,
        splits={split: f"{len(variations[split])} variations of ScienceWorld's {SETS[split]} set" for split in SETS},
    )


if __name__ == "__main__":
    shipped.main("scienceworld:<task>[?simplifications=easy]", missing, open_named)
