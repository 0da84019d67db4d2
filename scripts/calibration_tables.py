"""Writes what metrics.json of some runs says of one matter as a Markdown table: sets, classes, temperature or rules.

    python calibration_tables.py sets RUN...
"""

import collections
import json
import math
import pathlib
import sys


def share(x):
    return f"{100 * x:.1f} %"


def between(low, high):
    return f"{100 * low:.1f} – {100 * high:.1f} %"


def table(*header):
    print("\n| " + " | ".join(header) + " |\n|" + "---|" * len(header))


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


def sets(runs):
    table("run", "held out", "calibrated on", "asked for", "held", "95 % interval", "to be expected", "mean width")
    for name, m in runs:
        s, c = m["prediction_sets"], m["calibration"]
        expected = between(*c["expected_coverage"]) if "expected_coverage" in c else ""
        row(name, m["n"], c["sets"]["units"], share(s["wanted"]), share(s["coverage"]), between(*s["interval"]), expected, f"{s['mean_width']:.2f}")
    means = collections.defaultdict(list)
    for name, m in runs:
        means[name.rsplit("-", 1)[0]].append(m["prediction_sets"])
    for name, found in means.items():
        row(name + ", mean", "", "", share(found[0]["wanted"]), share(sum(s["coverage"] for s in found) / len(found)), "", "",
            f"{sum(s['mean_width'] for s in found) / len(found):.2f}")


def classes(runs):
    table("true class", "images", "held", "binomial 95 % interval", "mean width")
    sums = {}
    for _, m in runs:
        for c in m["prediction_sets"]["per_class"]:
            s = sums.setdefault(c["class"], [0, 0, 0])
            s[0] += c["n"]
            s[1] += c["n"] * c["coverage"]
            s[2] += c["n"] * c["mean_width"]
    for name, (n, held, width) in sums.items():
        p, z = held / n, 1.96
        centre, half = (p + z * z / 2 / n) / (1 + z * z / n), z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
        row(name, n, share(p), between(max(centre - half, 0), min(centre + half, 1)), f"{width / n:.2f}")


def temperature(runs):
    table("run", "temperature", "NLL before", "after", "ECE before", "after", "RPS before", "after")
    for name, m in runs:
        t = m["calibration"]["temperature"]
        b, a = t["held_out"]["before"], t["held_out"]["after"]
        row(name, f"{t['value']:.3f}", *(f"{x[k]:.3f}" for k in ("nll", "ece", "rps") for x in (b, a)))


def rules(runs):
    table("run", "chosen by", "on", "argmax", "median", "mean", "taken", "that figure, held out")
    for name, m in runs:
        c = m["calibration"]
        by = {r["decision"]: r for r in c["decisions"]}
        row(name, c["metric"], f"{c['images']} images", *(f"{by[r]['figures'][c['metric']]:.3f}" for r in ("argmax", "median", "mean")),
            next(r for r in by if by[r]["taken"]), f"{m[c['metric']]:.3f}")


folders = [pathlib.Path(f) for f in sys.argv[2:]]
{"sets": sets, "classes": classes, "temperature": temperature, "rules": rules}[sys.argv[1]](
    [(f.name, json.loads((f / "metrics.json").read_text())) for f in folders])
