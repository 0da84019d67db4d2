"""Writes golden.json: cases with their figures from scikit-learn, scipy and dlordinal.

    python make_golden.py

dlordinal (2.7) drops a class that occurs on neither side, so its AMAE and MMAE are taken only where every class
occurs; elsewhere they come from scikit-learn's MAE within each class. ECE is computed here from its definition
(Guo et al. 2017: 15 equal bins, open below), as none of the three has it.
"""

import json
import math
import sys
import warnings

import dlordinal.metrics
import numpy
import scipy
import scipy.stats
import sklearn
import sklearn.metrics as sk
from importlib.metadata import version

warnings.filterwarnings("ignore")
rng = numpy.random.default_rng(20240501)


def softmax(z):
    e = numpy.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def ece(y, p, bins=15):
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    total = 0.0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def case(name, k, y, p, values=None, pred=None, target=None):
    y, p = numpy.asarray(y), numpy.round(numpy.asarray(p, dtype=float), 9)
    given = pred
    pred = p.argmax(axis=1) if pred is None else numpy.asarray(pred)
    labels = list(range(k))
    t = numpy.eye(k)[y] if target is None else numpy.asarray(target)
    within = [sk.mean_absolute_error(y[y == c], pred[y == c]) for c in labels if (y == c).any()]
    want = {
        "accuracy": sk.accuracy_score(y, pred),
        "one_off_accuracy": float((abs(y - pred) <= 1).mean()),
        "mae": sk.mean_absolute_error(y, pred),
        "rmse": sk.root_mean_squared_error(y, pred),
        "amae": float(numpy.mean(within)),
        "mmae": float(numpy.max(within)),
        "qwk": sk.cohen_kappa_score(y, pred, labels=labels, weights="quadratic"),
        "spearman": float(scipy.stats.spearmanr(y, pred).statistic),
        "kendall": float(scipy.stats.kendalltau(y, pred).statistic),
        "rps": float(((p.cumsum(axis=1) - t.cumsum(axis=1)) ** 2).sum(axis=1).mean()),
        "brier": float(((p - t) ** 2).sum(axis=1).mean()),
        "ece": float(ece(y, p)),
    }
    if set(labels) == set(y) | set(pred):
        assert math.isclose(want["amae"], dlordinal.metrics.amae(y, pred))
        assert math.isclose(want["mmae"], dlordinal.metrics.mmae(y, pred))
    if target is None:
        want["nll"] = sk.log_loss(y, p, labels=labels)
        assert math.isclose(want["rps"], dlordinal.metrics.ranked_probability_score(y, p))
        assert math.isclose(want["brier"], sk.brier_score_loss(y, p, labels=labels, scale_by_half=False))
    else:
        want["nll"] = float(-(t * numpy.log(p)).sum(axis=1).mean())
    if values is not None:
        v = numpy.asarray(values, dtype=float)
        want["mae_units"] = sk.mean_absolute_error(v[y], v[pred])
    precision, recall, _, support = sk.precision_recall_fscore_support(y, pred, labels=labels, zero_division=numpy.nan)
    clean = lambda xs: [None if math.isnan(x) else float(x) for x in xs]
    return {
        "name": name, "k": k, "labels": y.tolist(), "probabilities": p.tolist(), "values": values,
        "predicted": None if given is None else pred.tolist(), "targets": None if target is None else t.tolist(),
        "figures": dict(zip(want, clean(want.values()))),
        "confusion": sk.confusion_matrix(y, pred, labels=labels).tolist(),
        "precision": clean(precision), "recall": clean(recall), "support": [int(s) for s in support],
    }


def noisy(n, k, classes=None, sharp=1.5):
    y = rng.choice(classes if classes is not None else k, size=n)
    z = -sharp * abs(numpy.arange(k)[None, :] - (y + rng.normal(0, 1, n))[:, None])
    return y, softmax(z)


y8, p8 = noisy(120, 8)
median = (p8.cumsum(axis=1) >= 0.5).argmax(axis=1)
cases = [
    case("eight classes", 8, y8, p8, values=[1, 4.5, 9.5, 16, 26, 38, 51.5, 67.5]),
    case("eight classes, median rule", 8, y8, p8, pred=median),
    case("two classes", 2, *noisy(40, 2), values=[0, 1]),
    case("a class absent from the truth", 5, *noisy(40, 5, classes=[0, 1, 3])),
    case("a class absent from both sides", 4, [0, 0, 1, 3, 3, 3], softmax(numpy.array(
        [[3, 0, -9, 0], [0, 3, -9, 0], [0, 2, -9, 1], [1, 0, -9, 2], [0, 0, -9, 4], [2, 0, -9, 1.0]]))),
    case("one class predicted", 3, [0, 1, 2, 1, 1], numpy.tile([0.2, 0.5, 0.3], (5, 1))),
    case("one class true", 3, [1, 1, 1, 1], softmax(rng.normal(0, 1, (4, 3)))),
    case("one class on both sides", 3, [2, 2, 2], numpy.tile([0.1, 0.1, 0.8], (3, 1))),
    case("one item", 3, [0], [[0.25, 0.25, 0.5]]),
    case("ties go to the lower class", 4, [0, 1, 2, 3], [[0.25] * 4, [0.4, 0.4, 0.1, 0.1], [0, 0.5, 0.5, 0], [0, 0, 0.5, 0.5]]),
    case("certain and wrong", 3, [0, 2, 1], [[0, 0, 1.0], [0, 0, 1], [1, 0, 0]]),
    case("votes", 5, y5 := rng.choice(5, 30), softmax(rng.normal(0, 1, (30, 5))),
         target=rng.dirichlet(numpy.ones(5), 30).round(9)),
]
with open("golden.json", "w") as f:
    json.dump({
        "made_with": {"python": sys.version.split()[0], "numpy": numpy.__version__, "scipy": scipy.__version__,
                      "scikit-learn": sklearn.__version__, "dlordinal": version("dlordinal")},
        "cases": cases,
    }, f, indent=None, separators=(",", ":"))
    f.write("\n")
