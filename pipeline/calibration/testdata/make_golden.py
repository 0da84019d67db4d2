"""Writes golden.json: temperatures, prediction sets and expected coverage, computed without the package's own methods.

    python make_golden.py

Temperatures come from scipy's bounded scalar minimiser over the likelihood that scipy's special functions give; scores and
sets from trying every order in which a range may grow; the range of coverage from scipy's beta-binomial distribution.
"""

import json
import math
import sys
from importlib.metadata import version

import numpy
from scipy import optimize, special, stats

rng = numpy.random.default_rng(20240702)


def log_probabilities(rule, z):
    if rule == "softmax":
        return special.log_softmax(z, axis=1)
    if rule == "corn":  # P(y > k | y >= k) = sigmoid(z_k)
        reached = numpy.cumsum(special.log_expit(z), axis=1)
        before = numpy.hstack([numpy.zeros((len(z), 1)), reached[:, :-1]])
        return numpy.hstack([before + special.log_expit(-z), reached[:, -1:]])
    z = numpy.minimum.accumulate(z, axis=1)  # coral: P(y > k) = sigmoid(z_k), not to rise with k
    above = numpy.hstack([numpy.ones((len(z), 1)), special.expit(z), numpy.zeros((len(z), 1))])
    return numpy.log(above[:, :-1] - above[:, 1:])


def temperature(name, rule, z, t):
    z = numpy.float32(z)
    nll = lambda u: float(-(t * log_probabilities(rule, z.astype(float) / math.exp(u))).sum(axis=1).mean())
    best = optimize.minimize_scalar(nll, bounds=(math.log(0.05), math.log(20)), method="bounded", options={"xatol": 1e-10})
    return {"name": name, "rule": rule, "logits": [float(x) for x in z.ravel()], "outputs": z.shape[1], "targets": t.ravel().tolist(),
            "classes": t.shape[1], "temperature": math.exp(best.x), "before": nll(0), "after": float(best.fun)}


def labels(p):
    k = p.shape[1]
    return numpy.eye(k)[[rng.choice(k, p=row / row.sum()) for row in p]]


def drawn(name, rule, outputs, true_temperature, n=200):
    z = rng.normal(0, 2, (n, outputs))
    if rule == "coral":
        z = numpy.sort(z, axis=1)[:, ::-1] - 0.01 * numpy.arange(outputs)
    return temperature(name, rule, z, labels(numpy.exp(log_probabilities(rule, z / true_temperature))))


temperatures = [
    drawn("too sure", "softmax", 6, 3.0),
    drawn("too cautious", "softmax", 6, 0.4),
    drawn("two classes", "softmax", 2, 1.5),
    drawn("coral", "coral", 5, 2.0),
    drawn("corn", "corn", 5, 2.0),
    temperature("votes", "softmax", z := rng.normal(0, 3, (40, 4)), numpy.array([rng.dirichlet(5 * special.softmax(row / 2) + 0.1) for row in z])),
]


def order(p, start):
    """Classes in the order in which they join."""
    low = high = start
    joined = [start]
    while len(joined) < len(p):
        sides = [(-p[c], c) for c in (low - 1, high + 1) if 0 <= c < len(p)]
        c = min(sides)[1]
        low, high = min(low, c), max(high, c)
        joined.append(c)
    return joined


def sets(name, n, k, coverage, groups=None, concentration=0.7):
    p = numpy.float32(rng.dirichlet(numpy.full(k, concentration), n)).astype(float)
    y = [int(rng.choice(k, p=row / row.sum())) for row in p]
    start = [int((row.cumsum() >= row.sum() / 2).argmax()) for row in p]  # the median
    scores = [[0.0] * k for _ in range(n)]
    for i in range(n):
        mass = 0.0
        for c in order(p[i], start[i]):
            scores[i][c] = min(mass, 1.0)
            mass += p[i][c]
    true = [scores[i][y[i]] for i in range(n)]
    names = [f"item {i}" for i in range(n)] if groups is None else groups
    units = sorted(set(names))
    # The distribution of the units and of one more at infinity, each of weight 1.
    weight = {u: 1 / names.count(u) for u in units}
    threshold = 1.0
    for s in sorted(set(true)):
        below = sum(weight[names[i]] for i in range(n) if true[i] <= s)
        if below / (len(units) + 1) >= coverage - 1e-12:
            threshold = s
            break
    inside = [[c for c in range(k) if scores[i][c] <= threshold] for i in range(n)]
    assert all(s == list(range(s[0], s[-1] + 1)) for s in inside)
    return {"name": name, "classes": k, "coverage": coverage, "probabilities": p.ravel().tolist(), "labels": y, "starts": start,
            "groups": groups, "scores": true, "threshold": threshold, "units": len(units), "low": [s[0] for s in inside], "high": [s[-1] for s in inside]}


expected = []
for units, n, coverage in [(9, 5, 0.9), (50, 40, 0.8), (450, 600, 0.9), (450, 600, 0.8), (20, 300, 0.95), (5, 10, 0.9), (30, 1, 0.5)]:
    k = math.ceil((units + 1) * coverage - 1e-12)
    if k > units:
        expected.append([units, n, coverage, 1.0, 1.0])
        continue
    d = stats.betabinom(n, k, units + 1 - k)
    expected.append([units, n, coverage, float(d.ppf(0.025)) / n, float(d.ppf(0.975)) / n])

with open("golden.json", "w") as f:
    json.dump({
        "made_with": {"python": sys.version.split()[0], "numpy": numpy.__version__, "scipy": version("scipy")},
        "temperatures": temperatures,
        "sets": [
            sets("eight classes", 60, 8, 0.9),
            sets("three classes", 40, 3, 0.8),
            sets("two classes, nearly sure", 30, 2, 0.7, concentration=0.2),
            sets("groups", 60, 6, 0.8, groups=[f"person {i * i % 23}" for i in range(60)]),
            sets("just enough", 9, 4, 0.9),
            sets("too few", 8, 4, 0.9),
        ],
        "expected": expected,
    }, f, separators=(",", ":"))
    f.write("\n")
