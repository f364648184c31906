"""Point estimates and stratified bootstrap intervals of rliable 1.2.0, the library of Agarwal et al. 2021 (arXiv 2108.13264).

Beside each 95% interval stands the pair of intervals between which any other run of the same bootstrap must fall: the p quantile of B
resamples lies between the quantiles p - d and p + d of R others, d = 5 sqrt(p (1 - p) (1/B + 1/R)), but for five standard deviations
of the number of resamples below a quantile, whatever the distribution.

    python3 -m pip install rliable==1.2.0 arch==7.2.0 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1
    python3 test/golden/rliable.py

writes test/golden/rliable.json beside itself. Newer pandas does not load with arch 7.2.0.
"""

import importlib.metadata
import json
import pathlib
import sys

# The script's own folder comes first on the path and this file has the package's name.
sys.path.pop(0)

import numpy as np
from rliable import library, metrics

RESAMPLES = 20000
THRESHOLDS = [k / 8 for k in range(9)]
TAIL = 0.025
SHIFT = 5 * np.sqrt(TAIL * (1 - TAIL) * 2 / RESAMPLES)


def scores(rng, runs, centres):
    """Success rates of 64 episodes, so that some are equal: [runs, tasks]."""
    return np.clip(np.round((np.array(centres) + 0.15 * rng.standard_normal((runs, len(centres)))) * 64), 0, 64) / 64


def interval(arrays, statistic):
    """The statistic with rliable's percentile interval, and the wider and narrower ones of the same resamples."""
    np.random.seed(7)
    kind = library.StratifiedBootstrap if len(arrays) == 1 else library.StratifiedIndependentBootstrap
    bootstrap = kind(*arrays)
    ends = {}
    for name, tail in (("interval", TAIL), ("widest", TAIL - SHIFT), ("narrowest", TAIL + SHIFT)):
        ends[name] = bootstrap.conf_int(statistic, reps=RESAMPLES, size=1 - 2 * tail, method="percentile", reuse=name != "interval").T.tolist()
    return {"estimate": statistic(*arrays).tolist(), **ends}


def one(statistic):
    return lambda *arrays: np.array([statistic(*arrays)])


rng = np.random.default_rng(11)
treated = scores(rng, 8, [0.85, 0.6, 0.45])
baseline = scores(rng, 8, [0.7, 0.5, 0.45])
few = baseline[:5]

versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("rliable", "arch", "numpy", "scipy"))
content = {
    "generatedBy": f"python3 test/golden/rliable.py ({versions}, float64)",
    "resamples": RESAMPLES,
    "thresholds": THRESHOLDS,
    # By task, as the engine takes them.
    "treated": treated.T.tolist(),
    "baseline": baseline.T.tolist(),
    "few": few.T.tolist(),
    "interquartileMean": interval([treated], one(metrics.aggregate_iqm)),
    "mean": interval([treated], one(metrics.aggregate_mean)),
    "pairedDifference": interval([treated - baseline], one(metrics.aggregate_iqm)),
    "improvement": interval([treated, baseline], one(metrics.probability_of_improvement)),
    "improvementOnFew": interval([treated, few], one(metrics.probability_of_improvement)),
    "improvementOnItself": metrics.probability_of_improvement(treated, treated),
    "profile": interval([treated], lambda x: library.score_distributions(x, THRESHOLDS)),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("{\n" + ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in content.items()) + "\n}\n")
print(path.name, path.stat().st_size, "bytes")
