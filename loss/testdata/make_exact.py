"""Writes exact.json: softmax losses and gradients of hard samples in 60-digit arithmetic.

The samples are those where float64 formulas lose their digits: saturated softmax, logits up to 1e4, a top class
that is right or wrong by a hair. Definitions are written out as sums, without rearrangement. Numbers below the
range of float64 are written as zero.

    python make_exact.py      (needs mpmath)
"""

import json
import pathlib
import random

import mpmath as mp

mp.mp.dps = 60
# e^-20000 is 1e-8686: enough digits to hold 1 - 1e-8686 are needed where it is subtracted from one.
HUGE_DPS = 9000

SETTINGS = [
    {"name": "cross-entropy"},
    {"name": "emd2"},
    {"name": "emd2", "ground": "positions"},
    {"name": "emd2", "ground": "matrix", "omega": 2.0, "mu": 0.25},
    {"name": "xemd2", "lambda": 0.7},
    {"name": "emd", "exponent": 1.0},
    {"name": "emd", "exponent": 1.5},
    {"name": "emd", "exponent": 2.0},
    {"name": "emd", "exponent": 20.0},
    {"name": "sinkhorn", "gamma": 10.0},
]


def derivatives(setting, p, t, positions, matrix):
    """Value of a term of p, and its derivatives with respect to p."""
    k = len(p)
    cum = []
    total = mp.mpf(0)
    for a, b in zip(p, t):
        total += a - b
        cum.append(total)
    cum[-1] = mp.mpf(0)
    if setting["name"] == "sinkhorn":  # one-hot target, ordered classes: the plan is p itself
        label, gamma = t.index(1), mp.mpf(setting["gamma"])
        cost = [abs(mp.mpf(i - label)) / (k - 1) for i in range(k)]
        value = sum(a * d for a, d in zip(p, cost)) + (sum(a * mp.log(a) for a in p) - 1) / gamma
        return value, [d + (mp.log(a) + 1) / gamma for a, d in zip(p, cost)]
    if setting["name"] == "emd":
        r = mp.mpf(setting["exponent"])
        mean = sum(abs(f) ** r for f in cum) / k
        if mean == 0:
            return mp.mpf(0), [mp.mpf(0)] * k
        by_cum = [mean ** (1 / r - 1) / k * abs(f) ** (r - 1) * mp.sign(f) if f else mp.mpf(0) for f in cum]
        value = mean ** (1 / r)
    elif setting.get("ground") == "matrix":
        cost = [sum(mp.mpf(t[j]) * (mp.mpf(matrix[i][j]) ** setting["omega"] + setting["mu"]) for j in range(k)) for i in range(k)]
        return sum(a * a * c for a, c in zip(p, cost)), [2 * a * c for a, c in zip(p, cost)]
    else:
        gaps = [mp.mpf(1)] * k
        if setting.get("ground") == "positions":
            mean = (mp.mpf(positions[-1]) - positions[0]) / (k - 1)
            gaps = [(mp.mpf(b) - a) / mean for a, b in zip(positions, positions[1:])] + [mp.mpf(0)]
        value = sum(g * f * f for g, f in zip(gaps, cum))
        by_cum = [2 * g * f for g, f in zip(gaps, cum)]
    return value, [sum(by_cum[i:]) for i in range(k)]


def sample(setting, z, t, positions, matrix):
    mp.mp.dps = HUGE_DPS if max(z) - min(z) > 100 else 60
    e = [mp.exp(mp.mpf(x)) for x in z]
    p = [x / sum(e) for x in e]
    value, grad = mp.mpf(0), [mp.mpf(0)] * len(z)
    if setting["name"] in ("cross-entropy", "xemd2"):
        value = -sum(b * mp.log(a) for a, b in zip(p, t) if b)
        grad = [a - b for a, b in zip(p, t)]
    if setting["name"] != "cross-entropy":
        term, by_p = derivatives(setting, p, t, positions, matrix)
        weight = mp.mpf(setting.get("lambda", 1))
        mean = sum(a * c for a, c in zip(p, by_p))
        value += weight * term
        grad = [g + weight * a * (c - mean) for g, a, c in zip(grad, p, by_p)]
    return {"setting": setting, "logits": z, "target": t, "value": float(value), "grad_logits": [float(g) for g in grad]}


def main():
    rng = random.Random(7)
    k = 4
    positions = [0.5, 1.0, 3.0, 7.5]
    matrix = [[0.0 if i == j else rng.uniform(0.1, 1) for j in range(k)] for i in range(k)]
    one_hot = lambda label: [1.0 if i == label else 0.0 for i in range(k)]
    samples = []
    for scale in (3.0, 40.0, 300.0, 1e4):
        for label in (0, 2):
            right = [rng.uniform(-0.6, 0.2) * scale for _ in range(k)]
            right[label] = 0.9 * scale
            wrong = [rng.uniform(-1, 1) * scale for _ in range(k)]
            for z in (right, wrong):
                for setting in SETTINGS:
                    samples.append(sample(setting, z, one_hot(label), positions, matrix))
    for setting in SETTINGS[:-1]:  # soft targets near the prediction
        samples.append(sample(setting, [0.0, 30.0, 1.0, -9.0], [0.0, 1 - 2.0**-30, 2.0**-30, 0.0], positions, matrix))
    out = {
        "made_with": {"script": "make_exact.py", "mpmath": mp.__version__},
        "positions": positions, "matrix": matrix, "samples": samples,
    }
    pathlib.Path(__file__).with_name("exact.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
