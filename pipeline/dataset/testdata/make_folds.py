"""Writes folds.json: labels in groups of uneven size and mixture, and how evenly scikit-learn's
StratifiedGroupKFold spreads them (the mean over folds and classes of |share of the class − 1/k|, mean of five seeds).

    python make_folds.py > folds.json
"""

import json
import sys

import numpy
import sklearn
from sklearn.model_selection import StratifiedGroupKFold

K = 5
ODDS = numpy.array([7, 4, 4, 5, 36, 16, 16, 12]) / 100


def case(name, seed, tail, scale, largest, mixed, n=1000):
    rng = numpy.random.default_rng(seed)
    groups = []
    while len(groups) < n:
        groups += [groups[-1] + 1 if groups else 0] * min(largest, 1 + int(rng.pareto(tail) * scale))
    groups = numpy.array(groups[:n])
    own = rng.choice(8, groups.max() + 1, p=ODDS)  # each group leans to one class
    labels = numpy.where(rng.random(n) < mixed, rng.choice(8, n, p=ODDS), own[groups])
    totals = numpy.bincount(labels, minlength=8)
    uneven = [abs(numpy.bincount(labels[test], minlength=8) / totals - 1 / K).mean()
              for s in range(5) for _, test in StratifiedGroupKFold(K, shuffle=True, random_state=s).split(labels, labels, groups)]
    return {"name": name, "labels": labels.tolist(), "groups": groups.tolist(), "uneven": float(numpy.mean(uneven))}


json.dump({
    "made_with": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
    "folds": K,
    "cases": [case("a few huge groups", 0, 1.2, 8, 150, 0.4), case("many small groups", 1, 2, 3, 20, 0.4),
              case("groups of nearly one class", 2, 3, 15, 40, 0.1), case("groups of every class", 3, 2, 3, 30, 0.9)],
}, sys.stdout, separators=(",", ":"))
print()
