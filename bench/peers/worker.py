"""A benchmark worker in Python: python3 worker.py INPUTS torch|jax|numpy, one thread. The protocol is that of bench/serve.ts."""

import os
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import base64
import importlib
import importlib.metadata
import json
import time

import numpy as np
from workload import read_inputs

SAMPLE_SECONDS = 50e-6
WARMUP_SECONDS = 0.3


def seconds_of(run, calls):
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - start


def measure(run, calls, seconds):
    """Mean seconds of one call over at least `seconds`."""
    total, done = 0.0, 0
    while total < seconds or done == 0:
        total += seconds_of(run, calls)
        done += calls
    return total / done


def encoded(values):
    return {
        key: base64.b64encode(np.ascontiguousarray(value, np.float32)).decode() for key, value in values.items()
    }


def main():
    # Libraries print to stdout as they please; answers go to what was stdout when the worker began.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def send(answer):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    library, inputs = importlib.import_module(f"{sys.argv[2]}_tasks"), read_inputs(sys.argv[1])
    tasks, packages = library.tasks_of(inputs)
    versions = {"python": sys.version.split()[0]}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    send({"tasks": list(tasks), "versions": versions})
    calls = {}
    for line in sys.stdin:
        command = json.loads(line)
        name = command.get("check") or command.get("time") or command["job"]
        try:
            if "job" in command:
                wall, processor = time.perf_counter(), time.process_time()
                success = library.job_of(inputs, name)(command["seed"])
                seconds, used = time.perf_counter() - wall, time.process_time() - processor
                send({"microseconds": seconds * 1e6, "busy": used / seconds, "values": encoded({"success": success})})
                continue
            run, check = tasks[name]
            if "check" in command:
                send({"values": encoded(check())})
                continue
            if name not in calls:
                calls[name] = max(1, round(SAMPLE_SECONDS / measure(run, 1, WARMUP_SECONDS)))
            # Not counted: other processes have run since the last sample, so that code and data are no longer in the cache.
            measure(run, calls[name], command["milliseconds"] / 1e3)
            wall, processor = time.perf_counter(), time.process_time()
            seconds = measure(run, calls[name], command["milliseconds"] / 1e3)
            busy = (time.process_time() - processor) / (time.perf_counter() - wall)
            send({"microseconds": seconds * 1e6, "busy": busy})
        except Exception as error:
            send({"error": f"{name}: {error}"[:400]})


main()
