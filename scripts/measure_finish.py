#!/usr/bin/env python3
"""Measures whether iterating on the run's loss from the closed form gains.

    scripts/measure_finish.py FINETUNE FEATURES [SPLITS]

FEATURES is a folder that finetune extract wrote. Each split holds a fifth of the images out, by seed. From the head in
closed form L-BFGS minimises the mean loss of the training images plus penalty/2 times the squared distance of the
weights, on standardised features, from where they began; penalties and both losses stand beside each other. Prints
mean absolute error of the median and RPS of the test images, a line a split, then the mean differences to the start
with their standard errors over splits. Needs numpy and scipy.
"""
import csv
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from scipy.optimize import minimize

PENALTIES = (10, 1, 0.1)


def tensors(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    header.pop("__metadata__", None)
    body = raw[8 + size:]
    return {name: np.frombuffer(body[t["data_offsets"][0]:t["data_offsets"][1]], np.float32).reshape(t["shape"])
            for name, t in header.items()}


def figures(logits, labels):
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    below = np.cumsum(p, 1)
    truth = np.arange(p.shape[1]) >= labels[:, None]
    return np.abs((below >= 0.5).argmax(1) - labels).mean(), ((below - truth) ** 2).sum(1).mean()


def finish(x, truth, w0, b0, penalty, cross_entropy):
    """L-BFGS from w0, b0; truth are the cumulative targets. cross_entropy is the weight of it beside EMD²."""
    n, k = truth.shape
    onehot = np.diff(truth, prepend=0, axis=1)

    def value(params):
        w, b = params[:-k].reshape(k, -1).astype(np.float32), params[-k:]
        z = x @ w.T + b
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        total = p.sum(1, keepdims=True)
        p /= total
        d = np.cumsum(p, 1) - truth
        loss = (d ** 2).sum(1).mean()
        g = np.cumsum(2 * d[:, ::-1], 1)[:, ::-1]  # with respect to p
        slope = p * (g - (p * g).sum(1, keepdims=True))
        if cross_entropy:
            loss += cross_entropy * -((z - np.log(total)) * onehot).sum(1).mean()
            slope += cross_entropy * (p - onehot)
        slope /= n
        moved = params[:-k] - w0.ravel()
        grad = (slope.T.astype(np.float32) @ x).astype(np.float64).ravel() + penalty * moved
        return loss + penalty / 2 * moved @ moved, np.concatenate([grad, slope.sum(0)])

    start = np.concatenate([w0.ravel(), b0]).astype(np.float64)
    found = minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": 60, "maxcor": 10, "gtol": 1e-5})
    return found.x[:-k].reshape(k, -1), found.x[-k:]


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    splits = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    features = np.load(folder / "features.npy", mmap_mode="r")
    with open(folder / "index.csv", newline="") as f:
        place = {row["path"]: i for i, row in enumerate(csv.DictReader(f))}
    found = {}
    for seed in range(1, splits + 1):
        with tempfile.TemporaryDirectory() as work:
            run = pathlib.Path(work, "run")
            subprocess.run([binary, "train", "-q", "--features", folder, "--test-split", "0.2", "--seed", str(seed),
                            "--out", run], check=True, capture_output=True)
            classes = [c["name"] for c in json.loads((run / "config.json").read_text())["classes"]]
            head = tensors(run / "head.safetensors")
            with open(run / "predictions.csv", newline="") as f:
                rows = list(csv.DictReader(f))
        weight = next(v for v in head.values() if v.ndim == 2).astype(np.float64)
        bias = next(v for v in head.values() if v.ndim == 1).astype(np.float64)
        index = np.array([place[r["path"]] for r in rows])
        labels = np.array([classes.index(r["label"]) for r in rows])
        trained = np.array([r["fold"] != "" for r in rows])
        x = features[index]
        mean, std = x[trained].mean(0, dtype=np.float64), x[trained].std(0, dtype=np.float64)
        std[std == 0] = 1
        bias = bias + weight @ mean
        weight = weight * std
        x = ((x - mean) / std).astype(np.float32)
        truth = (np.arange(len(classes)) >= labels[:, None]).astype(np.float64)
        test = ~trained
        start = figures(x[test] @ weight.T + bias, labels[test])
        print(seed, "start {:.4f} {:.4f}".format(*start), flush=True)
        for cross_entropy in (0, 0.3):
            for penalty in PENALTIES:
                w, b = finish(x[trained], truth[trained], weight, bias, penalty, cross_entropy)
                end = figures(x[test] @ w.T + b, labels[test])
                key = (cross_entropy, penalty)
                found.setdefault(key, []).append(np.subtract(end, start))
                print(seed, key, "{:.4f} {:.4f}".format(*end), flush=True)
    for key, d in found.items():
        error = np.std(d, axis=0, ddof=1) / np.sqrt(splits)
        print("cross-entropy {}, penalty {}: MAE {:+.4f} ± {:.4f}, RPS {:+.4f} ± {:.4f}".format(
            *key, np.mean(d, 0)[0], error[0], np.mean(d, 0)[1], error[1]))


main()
