#!/usr/bin/env python3
"""Holds the out-of-fold figures of runs against those of test images that took no part in them.

    scripts/measure_out_of_fold.py FINETUNE FEATURES [SPLITS [FLAG ...]]
    scripts/measure_out_of_fold.py FINETUNE DATA SPLITS --quality best [FLAG ...]

FEATURES is a folder that finetune extract wrote, DATA what --data takes; the flags are given to finetune train. Each split holds a fifth
of the images out, by seed. Counts the splits in which mean absolute error and RPS out of fold differ from those of the test images by
less than 1.96 standard errors of the difference, taken from the runs' intervals, prints means over the splits, and how often what was
chosen. Needs Python alone.
"""
import collections
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile


def error(report, key):
    low, high = report["intervals"][key]
    return (high - low) / (2 * 1.96)


def main():
    binary, source = sys.argv[1:3]
    splits = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    given = "--features" if pathlib.Path(source, "features.npy").exists() else "--data"
    inside = {"mae": 0, "rps": 0}
    differences = {"mae": [], "rps": []}
    covered, chosen = [], collections.Counter()
    for seed in range(1, splits + 1):
        with tempfile.TemporaryDirectory() as work:
            run = pathlib.Path(work, "run")
            subprocess.run([binary, "train", "-q", given, source, "--test-split", "0.2", "--seed", str(seed), "--out", run, *sys.argv[4:]],
                           check=True, capture_output=True)
            test = json.loads((run / "metrics.json").read_text())
            search = json.loads((run / "config.json").read_text()).get("search", {})
        fold = test["out_of_fold"]
        for key in inside:
            d = fold[key] - test[key]
            inside[key] += abs(d) < 1.96 * (error(fold, key) ** 2 + error(test, key) ** 2) ** 0.5
            differences[key].append(d)
        covered.append(test["prediction_sets"]["coverage"])
        if "chosen" in search:
            chosen[search["chosen"].get("features") or f"candidate {search['chosen']['trial']}"] += 1
        print(seed, *(f"{k} {fold[k]:.4f} {test[k]:.4f} ({inside[k]} of {len(covered)} within)" for k in inside),
              f"coverage {covered[-1]:.3f}", flush=True)
    for key in inside:
        d = differences[key]
        print(f"{key}: within 1.96 standard errors in {inside[key]} of {splits}; mean difference {statistics.mean(d):+.4f} "
              f"± {statistics.stdev(d) / splits ** 0.5:.4f}; standard deviation {statistics.stdev(d):.4f}")
    print(f"mean coverage of the test images {statistics.mean(covered):.3f}")
    for name, times in chosen.most_common():
        print(f"chosen in {times} of {splits}: {name}")


main()
