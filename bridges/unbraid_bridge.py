"""Serves environments written in Python to unbraid. Needs Python 3.9 or newer and nothing else; a copy beside your
script works.

    import unbraid_bridge

    class Corridor:
        def reset(self, seed, split):
            self.place = seed % 3
            return f"You are at place {self.place}."

        def actions(self):
            return ["go east", "go west"] if self.place > 0 else ["go east"]

        def step(self, action):
            self.place += 1 if action == "go east" else -1
            return f"You are at place {self.place}.", int(self.place == 3), self.place == 3

    unbraid_bridge.serve(Corridor, name="corridor", version="1", max_steps=10)

docs/third-party.md describes the functions of an environment, docs/bridge.md the protocol (versions 1 and 2).
"""

import dataclasses
import json
import math
import os
import traceback
from typing import Any, Callable, Dict, List, Optional

SPLITS = ("train", "in-domain", "out-of-domain")


class Refusal(ValueError):
    """A request that cannot be served. Its text states what to do. The program continues."""


class Retry(Refusal):
    """A reset that may succeed at the next try, such as a lost connection. unbraid tries at most three times."""


@dataclasses.dataclass
class Program:
    """What a program serves: the answer to `hello`, and `make`, which creates one environment.

    An environment has `reset(seed, split)`, which returns an observation, and `step(action)`, which returns
    (observation, reward, terminated), or these with truncated, or these with truncated and info (ignored), as in
    Gymnasium. Optional: `actions()`, what is possible now; `state()`, a text that identifies the state; `success()`,
    asked at the end of an episode if `success` is "step"; `close()`. They are called after every `reset` and `step`,
    also after the last.

    The form is vector with `vector_width`, tokens with `vocabulary`, otherwise text.
    """

    make: Callable[[], Any]
    name: str
    version: str
    max_steps: int
    vector_width: Optional[int] = None
    action_count: Optional[int] = None
    action_names: Optional[List[str]] = None
    observation_names: Optional[List[str]] = None
    vocabulary: Optional[List[str]] = None
    state_slots: Optional[int] = None
    action_slots: Optional[int] = None
    layout: str = "slots"
    success: Optional[str] = "return"
    packages: Optional[Dict[str, str]] = None
    splits: Optional[Dict[str, str]] = None

    def __post_init__(self):
        if self.action_count is None and self.action_names is not None:
            self.action_count = len(self.action_names)
        self.form = "vector" if self.vector_width else "tokens" if self.vocabulary else "text"
        if self.form == "vector" and not self.action_count:
            raise Refusal("serve: action_count or action_names must be given with vector_width; add one of them")
        if self.form == "tokens" and not (self.state_slots and self.action_slots):
            raise Refusal("serve: state_slots and action_slots must be given with vocabulary; add both")
        if self.success not in ("return", "step", None):
            raise Refusal(f'serve: success must be "return", "step" or None, got {self.success!r}; choose one of them')

    def hello(self, protocol):
        answer = {"protocol": protocol, "name": self.name, "version": self.version, "maxSteps": self.max_steps}
        if protocol == 1:
            if self.form != "text":
                raise Refusal(f"{self.name}: form {self.form} needs protocol 2, the client speaks 1; update unbraid")
            return answer
        answer.update(form=self.form, success=self.success)
        optional = {"packages": self.packages, "splits": self.splits}
        if self.form == "vector":
            answer.update(vectorWidth=self.vector_width, actionCount=self.action_count)
            optional.update(actionNames=self.action_names, observationNames=self.observation_names)
        if self.form == "tokens":
            answer.update(
                vocabulary=self.vocabulary,
                stateSlots=self.state_slots,
                actionSlots=self.action_slots,
                layout=self.layout,
            )
        return {**answer, **{field: value for field, value in optional.items() if value is not None}}


def finite(value, what):
    number = float(value)
    if not math.isfinite(number):
        raise Refusal(f"{what} must be finite, got {number}; check the environment")
    return number


def plain(value):
    """The lists and numbers of a NumPy array or scalar; other values as they are."""
    return value.tolist() if hasattr(value, "tolist") else value


class Live:
    """One environment, and where its episode is."""

    def __init__(self, program):
        self.program = program
        self.environment = program.make()
        self.steps = None
        self.offered = []

    def reset(self, seed, split):
        if split not in SPLITS:
            raise Refusal(f"reset: split must be one of {', '.join(SPLITS)}, got {split}; send one of them")
        self.steps = None
        observation = self.environment.reset(seed, split)
        self.steps = 0
        return self.answer(observation, 0.0, False, False)

    def step(self, action):
        if self.steps is None:
            raise Refusal("step: the episode has ended or has not begun; send reset first")
        if self.program.form == "tokens":
            action = self.offered[action]
        observation, reward, terminated, *rest = self.environment.step(action)
        self.steps += 1
        truncated = not terminated and (bool(rest and rest[0]) or self.steps >= self.program.max_steps)
        return self.answer(observation, reward, bool(terminated), truncated)

    def answer(self, observation, reward, terminated, truncated):
        environment, program = self.environment, self.program
        step = {
            "observation": self.observed(observation),
            "reward": finite(reward, "reward"),
            "terminated": terminated,
            "truncated": truncated,
        }
        if hasattr(environment, "actions"):
            self.offered = plain(environment.actions())
            step["admissibleActions"] = (
                sorted(map(int, self.offered)) if program.form == "vector" else list(self.offered)
            )
        elif program.form == "text" and program.action_names:
            step["admissibleActions"] = program.action_names
        elif program.form != "vector":
            raise Refusal(
                "an environment of texts or tokens must have actions(), got none; add it, or pass action_names"
            )
        if hasattr(environment, "state"):
            step["state"] = environment.state()
        if terminated or truncated:
            self.steps = None
            if program.success == "step":
                success = plain(environment.success())
                step["success"] = success if isinstance(success, bool) else finite(success, "success")
        return step

    def observed(self, observation):
        if self.program.form == "text":
            if not isinstance(observation, str):
                raise Refusal(
                    f"observation must be a text, got {type(observation).__name__}; pass vector_width for lists of numbers"
                )
            return observation
        observation = list(plain(observation))
        if self.program.form == "vector":
            if len(observation) != self.program.vector_width:
                raise Refusal(
                    f"observation must have vector_width = {self.program.vector_width} numbers, got {len(observation)}; change one of them"
                )
            numbers = [value if type(value) in (int, float) else float(value) for value in observation]
            # A sum is finite only if all its terms are; it overflows for large ones, so each is looked at then.
            if not math.isfinite(sum(numbers)):
                for value in numbers:
                    finite(value, "each number of an observation")
            return numbers
        return observation


def error_answer(error):
    """The fields of an answer for a failed request. What no `Refusal` explains is named with its place in the code."""
    if isinstance(error, Refusal):
        return {"error": str(error), **({"retry": True} if isinstance(error, Retry) else {})}
    traceback.print_exception(type(error), error, error.__traceback__)
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__}: {error} ({os.path.basename(place.filename)}, line {place.lineno}, in {place.name})"
    return {"error": text}


class Session:
    """The program and its live environments by id."""

    def __init__(self, open_program, send):
        self.open_program = open_program
        self.send = send
        self.program = None
        self.live = {}

    def progress(self, text, done=None, total=None):
        """Shows what the start is busy with, and restarts its timeout. Only before `hello` is answered."""
        counts = {"done": done, "total": total}
        self.send({"progress": text, **{field: count for field, count in counts.items() if count is not None}})

    def hello(self, request):
        protocol = 2 if 2 in request.get("protocols", []) else 1
        limit = request.get("maxSteps")
        self.program = self.open_program(limit, self.progress if protocol == 2 else lambda *_: None)
        if limit is not None and self.program.max_steps != limit:
            raise Refusal(
                f"{self.program.name}: maxSteps must be {self.program.max_steps}, got {limit}; change the config"
            )
        return self.program.hello(protocol)

    def play(self, request):
        """A step: of a reset if the request has a seed."""
        env = request["env"]
        if self.program is None:
            raise Refusal("hello must be the first request; send it")
        if "seed" in request:
            if env not in self.live:
                self.live[env] = Live(self.program)
            return {"env": env, **self.live[env].reset(request["seed"], request["split"])}
        if env not in self.live:
            raise Refusal(f"step: environment {env} is unknown; send reset first")
        return {"env": env, **self.live[env].step(request["action"])}

    def play_or_error(self, request):
        try:
            return self.play(request)
        except Exception as error:
            return {"env": request["env"], **error_answer(error)}

    def close(self, env):
        live = self.live.pop(env, None)
        if live is not None and hasattr(live.environment, "close"):
            live.environment.close()

    def answer(self, request):
        op = request["op"]
        if op == "hello":
            return self.hello(request)
        if op == "close":
            self.close(request["env"])
            return {"env": request["env"]}
        if op == "stepMany":
            return {"steps": [self.play_or_error(each) for each in request["requests"]]}
        if op in ("reset", "step"):
            return self.play(request)
        raise Refusal(f"op must be hello, reset, step, stepMany or close, got {op}; send one of them")


def run(open_program):
    """Answers requests until standard input ends. `open_program(max_steps, progress)` returns a Program.

    Only answers reach the real standard output: what a library prints goes to standard error. Requests are read from a
    copy of standard input that no child process inherits, so that none can take one.
    """
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)

    def send(answer):
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()

    session = Session(open_program, send)
    try:
        for line in requests:
            request = json.loads(line)
            try:
                reply = session.answer(request)
            except Exception as error:
                reply = error_answer(error)
            send({"id": request["id"], **reply})
        for env in list(session.live):
            session.close(env)
    except (KeyboardInterrupt, BrokenPipeError):
        # The client is gone, or Ctrl-C was typed where the program runs: there is no one to answer.
        os._exit(130)


def serve(make, *, prepare=None, **description):
    """Serves environments that `make()` creates. The keywords are the fields of `Program`.

    `prepare(progress)` is called once, before the first episode, for work that takes long; it calls
    `progress(text, done, total)` to show how far it is.
    """

    def open_program(max_steps, progress):
        if prepare is not None:
            prepare(progress)
        return Program(make, **{**description, **({} if max_steps is None else {"max_steps": max_steps})})

    run(open_program)
