"""Bridge to MiniGrid and BabyAI (https://github.com/Farama-Foundation/Minigrid, Apache-2.0).

    python3 -I minigrid_bridge.py minigrid:BabyAI-GoToLocal-v0
    python3 -I minigrid_bridge.py 'minigrid:MiniGrid-DoorKey-5x5-v0?form=vector'
    python3 -I minigrid_bridge.py --check

docs/third-party.md says what is observed, and which missions or layouts are held out.
"""

import os
import sys
import zlib

# -I leaves out this folder. Nothing is written into it: the package stays as it was installed.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shipped  # noqa: E402
import unbraid_bridge  # noqa: E402

# The version of the rendering below; any change of an episode raises it.
RENDERING = 1
ACTIONS = ["turn left", "turn right", "go forward", "pick up", "drop", "toggle", "done"]
COLOURS = ["red", "green", "blue", "purple", "yellow", "grey"]
KINDS = ["box", "ball", "key", "door"]
DIRECTIONS = ["east", "south", "west", "north"]
DOOR_STATES = ["open", "closed", "locked"]
# Not worth a sentence: what is not seen, nothing, walls (below, by distance), floor, and the agent.
UNNAMED = {"unseen", "empty", "wall", "floor", "agent"}
# The view has this many cells a side; the agent is in the middle of its last row and looks at the first.
VIEW, MIDDLE, LAST = 7, 3, 6
# How many layouts are tried at the start to see what varies, and how rare one side of a rule may be.
PROBES, RAREST = 64, 0.1
MOST_TRIES = 1000
# Words of a mission in a vector, and the most of the probed missions, so that longer ones still fit.
WORD_SLOTS, MOST_WORDS = 16, 12
MOST_STEPS = 10_000


def missing(_name):
    return shipped.missing_package("minigrid", "minigrid", ["gymnasium", "minigrid"])


def layout_seed(seed, split, number):
    """The seed of the `number`th layout that is tried for an episode: below 2^31, and of no other split."""
    return 3 * ((seed + number * 402_653_189) % 2**29) + unbraid_bridge.SPLITS.index(split)


def is_held_out_mission(mission):
    """The rule over missions: a third of the pairs of the first colour and the first kind, or of the texts without such
    a pair.

    Every colour and every kind is in missions of both sides; only their pairs are held out.
    """
    words = mission.replace(",", " ").split()
    colours = [COLOURS.index(word) for word in words if word in COLOURS]
    kinds = [KINDS.index(word) for word in words if word in KINDS]
    if colours and kinds:
        return (colours[0] + kinds[0]) % 3 == 0
    return zlib.crc32(mission.encode()) % 3 == 0


def layout_of(world):
    """The whole grid, what is in boxes, and where the agent is, as bytes."""
    boxes = [
        (index, str(cell.contains.encode()))
        for index, cell in enumerate(world.grid.grid)
        if cell is not None and cell.contains is not None
    ]
    place = (tuple(map(int, world.agent_pos)), int(world.agent_dir), boxes)
    return world.grid.encode().tobytes() + repr(place).encode()


def is_held_out_layout(world):
    return zlib.crc32(layout_of(world)) % 3 == 0


class Level:
    """A level by its id, the limit of its episodes, and the rule by which episodes are held out: "mission", "layout" or
    None.
    """

    def __init__(self, identifier, max_steps):
        self.identifier = identifier
        self.limit = None
        limits, missions, layouts, held = [], set(), set(), {"mission": 0, "layout": 0}
        for number in range(PROBES):
            world = self.create()
            world.reset(seed=layout_seed(number, "train", 0))
            limits.append(world.max_steps)
            missions.add(world.mission)
            layouts.add(layout_of(world))
            held["mission"] += is_held_out_mission(world.mission)
            held["layout"] += is_held_out_layout(world)
        self.limit = max_steps or min(max(limits), MOST_STEPS)
        varied = [rule for rule in ("mission", "layout") if RAREST * PROBES <= held[rule] <= (1 - RAREST) * PROBES]
        self.rule = varied[0] if varied else None
        self.missions = sorted(missions)
        self.layouts = len(layouts)

    def create(self):
        import gymnasium

        world = gymnasium.make(self.identifier, disable_env_checker=True).unwrapped
        if self.limit is not None:
            world.max_steps = self.limit
            # BabyAI would set another limit for each mission.
            world.fixed_max_steps = True
        return world

    def is_held_out(self, world):
        return is_held_out_mission(world.mission) if self.rule == "mission" else is_held_out_layout(world)

    def begin(self, seed, split):
        """A new world in the first state of the episode, and the observation there. Layouts are tried until one is of
        the split.
        """
        world = self.create()
        for number in range(MOST_TRIES):
            world.reset(seed=layout_seed(seed, split, number))
            if self.rule is None or self.is_held_out(world) == (split == "out-of-domain"):
                # Levels in which the agent starts with an object return an observation from before it took it.
                return world, world.gen_obs()
        raise unbraid_bridge.Refusal(
            f"{self.identifier}: found no layout of split {split} in {MOST_TRIES} tries; choose another level"
        )

    def splits(self):
        if self.rule is None:
            same = f"{self.layouts} different layouts in {PROBES} tries, so no part is held out: the splits differ by seed alone"
            return dict.fromkeys(unbraid_bridge.SPLITS, same)
        if self.rule == "mission":
            rule = "(index of the first colour + index of the first kind) mod 3, or where a mission lacks one, its CRC-32 mod 3"
            part = "missions"
        else:
            rule = "the CRC-32 of the first state mod 3; the missions do not tell layouts apart"
            part = "layouts"
        kept = f"{part} whose number is not 0: {rule}"
        return {
            "train": kept,
            "in-domain": f"{kept}; other seeds than train",
            "out-of-domain": f"{part} whose number is 0: {rule}",
        }


def names_of(image):
    """Kind, colour and state of every cell of the view, by [cells to the right of the left edge][cells below the top
    edge].
    """
    from minigrid.core.constants import IDX_TO_COLOR, IDX_TO_OBJECT

    return [
        [(IDX_TO_OBJECT[int(kind)], IDX_TO_COLOR[int(colour)], int(state)) for kind, colour, state in column]
        for column in image
    ]


def thing(kind, colour, state):
    return (
        f"{DOOR_STATES[state]} {colour} {kind}"
        if kind == "door"
        else f"{colour} {kind}"
        if kind not in ("goal", "lava")
        else kind
    )


def place_of(right, ahead):
    side = f"{abs(right)} {'right' if right > 0 else 'left'}" if right else ""
    return " and ".join(part for part in (f"{ahead} ahead" if ahead else "", side) if part)


def text_of(world, observation):
    """The mission, what is carried, the nearest wall in each direction seen, and the objects in view, nearest first."""
    cells = names_of(observation["image"])
    sentences = [f"Mission: {world.mission}.", f"You face {DIRECTIONS[world.agent_dir]}."]
    if world.carrying is not None:
        sentences.append(f"You carry a {world.carrying.color} {world.carrying.type}.")
    for across, up in ((0, 1), (-1, 0), (1, 0)):
        for distance in range(1, VIEW):
            column, row = MIDDLE + across * distance, LAST - up * distance
            if not (0 <= column < VIEW and 0 <= row < VIEW) or cells[column][row][0] == "unseen":
                break
            if cells[column][row][0] == "wall":
                sentences.append(f"A wall is {place_of(across * distance, up * distance)}.")
                break
    seen = []
    for column in range(VIEW):
        for row in range(VIEW):
            kind, colour, state = cells[column][row]
            # The agent's own cell shows what it carries.
            if kind in UNNAMED or (column, row) == (MIDDLE, LAST):
                continue
            right, ahead = column - MIDDLE, LAST - row
            seen.append(
                (abs(right) + ahead, ahead, right, f"You see a {thing(kind, colour, state)} {place_of(right, ahead)}.")
            )
    return " ".join(sentences + [sentence for *_, sentence in sorted(seen)])


class Vectors:
    """Observations as zeros and ones: per cell its kind, colour and state, then the direction, then the words of the
    mission.
    """

    def __init__(self, level):
        from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX

        self.sizes = (len(OBJECT_TO_IDX), len(COLOR_TO_IDX), len(STATE_TO_IDX))
        # A mission that all episodes have says nothing.
        varied = level.missions if len(level.missions) > 1 else []
        longest = max((len(mission.split()) for mission in varied), default=0)
        if longest > MOST_WORDS:
            raise unbraid_bridge.Refusal(
                f"minigrid:{level.identifier}: a mission has {longest} words, a vector holds {MOST_WORDS}; use form=text"
            )
        self.words = sorted({word for mission in varied for word in mission.split()})
        self.slots = WORD_SLOTS if self.words else 0
        self.cell = sum(self.sizes)
        self.width = VIEW * VIEW * self.cell + len(DIRECTIONS) + self.slots * len(self.words)

    def vector(self, world, observation):
        numbers = [0] * self.width
        at = 0
        for cell in observation["image"].reshape(-1, 3).tolist():
            for value, size in zip(cell, self.sizes):
                numbers[at + value] = 1
                at += size
        numbers[at + int(world.agent_dir)] = 1
        at += len(DIRECTIONS)
        if self.words:
            for slot, word in enumerate(world.mission.split()):
                if slot >= self.slots or word not in self.words:
                    raise unbraid_bridge.Refusal(f"mission {world.mission} does not fit the vector; use form=text")
                numbers[at + slot * len(self.words) + self.words.index(word)] = 1
        return numbers


def progress_of(instruction, world):
    """What the verifier of a BabyAI mission keeps: the parts done, and the objects that the words meant at the start."""
    if hasattr(instruction, "instr_a"):
        parts = [progress_of(instruction.instr_a, world), progress_of(instruction.instr_b, world)]
        return [instruction.a_done, instruction.b_done, *parts]
    described = [value for value in vars(instruction).values() if hasattr(value, "obj_set")]
    return [
        [sorted(tuple(map(int, place)) for place in each.obj_poss), any(world.carrying is one for one in each.obj_set)]
        for each in described
    ]


class Episodes:
    """One environment; every episode is a new world, so that it cannot depend on the episodes before it."""

    def __init__(self, level, render, action_count, form):
        self.level = level
        self.render = render
        self.action_count = action_count
        self.form = form

    def reset(self, seed, split):
        self.world, observation = self.level.begin(seed, split)
        self.solved = False
        return self.render(self.world, observation)

    def step(self, action):
        number = action if self.form == "vector" else ACTIONS.index(action)
        observation, reward, terminated, truncated, _ = self.world.step(number)
        self.solved = reward > 0
        return self.render(self.world, observation), reward, terminated, truncated

    def actions(self):
        return range(self.action_count) if self.form == "vector" else ACTIONS[: self.action_count]

    def success(self):
        return bool(self.solved)

    def state(self):
        """Everything that later steps depend on but the number of steps taken: the whole grid, the agent, what it
        carries, the mission.
        """
        world = self.world
        carrying = world.carrying and (
            world.carrying.encode(),
            str(world.carrying.contains and world.carrying.contains.encode()),
        )
        parts = (world.mission, carrying, progress_of(world.instrs, world) if hasattr(world, "instrs") else None)
        return shipped.digest(layout_of(world).hex(), repr(parts))


def open_named(name, max_steps, _progress):
    import gymnasium
    import minigrid  # noqa: F401 (registers the levels)

    identifier, parameters = shipped.split_name(name, "minigrid:")
    form = shipped.choice(name, parameters, "form", ("text", "vector"), "text")
    action_count = shipped.whole_number(name, parameters, "actions", 3, len(ACTIONS), len(ACTIONS))
    shipped.refuse_rest(name, parameters, ("form", "actions"))
    if identifier not in gymnasium.registry or "minigrid" not in str(gymnasium.registry[identifier].entry_point):
        raise unbraid_bridge.Refusal(
            f"{name}: MiniGrid {minigrid.__version__} has no level {identifier}; run python3 -c "
            "\"import gymnasium, minigrid; print(*(i for i in gymnasium.registry if i.startswith(('MiniGrid', 'BabyAI'))))\" for a list"
        )
    level = Level(identifier, max_steps)
    vectors = Vectors(level) if form == "vector" else None
    render = vectors.vector if vectors else text_of
    packages = shipped.installed(["gymnasium", "minigrid", "numpy"])
    vector_fields = dict(vector_width=vectors.width, action_names=ACTIONS[:action_count]) if vectors else {}
    return unbraid_bridge.Program(
        lambda: Episodes(level, render, action_count, form),
        name=name,
        version=f"{packages['minigrid']}+{RENDERING}",
        max_steps=level.limit,
        success="step",
        packages=packages,
        splits=level.splits(),
        **vector_fields,
    )


if __name__ == "__main__":
    shipped.main("minigrid:<level>[?form=text|vector&actions=3..7]", missing, open_named)
