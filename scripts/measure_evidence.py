#!/usr/bin/env python3
"""Measures every optimiser of finetune beside scikit-learn on the same features, by the number of training images.

    scripts/measure_evidence.py FINETUNE RESULTS NAME=FEATURES[:SIZE,SIZE...] ... [-- METHOD ...]

FEATURES is a folder that finetune extract wrote. A SIZE is a number of training images, 0 for all that aren't tested on; the
default is 50,200,500,1000,0. Methods are those of METHODS below; the default is all.

Each of five draws (or DRAWS, a variable of the environment) takes a fifth of the images for testing and SIZE of the others for training, by class shares; where images have
groups, whole groups for testing. Every head is trained on the same images and features and settles its penalty by the training
images alone: the closed form by leave-one-out, the other optimisers by their defaults,
scikit-learn's LogisticRegression and RidgeClassifierCV by cross-validation on standardised columns (LogisticRegression in the span of
the training rows, which changes nothing for an L2 penalty and is faster). RidgeClassifierCV has no probabilities. The decision is the
median, for RidgeClassifierCV its class.

What is measured is appended to the file RESULTS, a JSON object a line, and not measured again. Then the tables of everything in
RESULTS are printed: MAE ± its standard error over draws / RPS, and which rows lose to scikit-learn. Needs numpy and scikit-learn.
"""
import csv
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, train_test_split

DRAWS = int(os.environ.get("DRAWS", 5))
SIZES = (50, 200, 500, 1000, 0)
METHODS = {  # of finetune train, what to give it
    "closed-form": ["--optimizer", "closed-form"],
    "sgd": ["--optimizer", "sgd"],
    "adamw": ["--optimizer", "adamw"],
    "lbfgs": ["--optimizer", "lbfgs"],
    "hidden": ["--hidden", "256"],
    "hidden, refit": ["--hidden", "256", "--refit"],
    "LogisticRegression": None,
    "RidgeClassifierCV": None,
}
TUNED = ("sgd", "adamw", "lbfgs")
FACTORS = (0.1, 0.3, 3, 10)
SKLEARN = ("LogisticRegression", "RidgeClassifierCV")


class Set:
    """Features with labels from 0 up, and groups where there are some."""

    def __init__(self, folder):
        self.features = np.load(folder / "features.npy", mmap_mode="r")
        with open(folder / "index.csv", newline="") as f:
            rows = list(csv.DictReader(f))
        values = np.array([float(r["label"]) for r in rows])
        bins = json.loads((folder / "meta.json").read_text()).get("bins")
        self.labels = np.digitize(values, bins) - 1 if bins else np.unique(values, return_inverse=True)[1]
        self.classes = len(bins) if bins else self.labels.max() + 1
        self.groups = np.array([r["group"] for r in rows]) if "group" in rows[0] else None

    def draw(self, size, seed):
        """Rows to train on and to test on; None where there aren't so many."""
        all_rows = np.arange(len(self.labels))
        if self.groups is None:
            rest, test = train_test_split(all_rows, test_size=0.2, random_state=seed, stratify=self.labels)
        else:
            rest, test = next(GroupShuffleSplit(1, test_size=0.34, random_state=seed).split(all_rows, groups=self.groups))
        if size >= len(rest):
            return None
        if size:
            rest, _ = train_test_split(rest, train_size=size, random_state=seed, stratify=self.labels[rest])
        return rest, test


def figures(probabilities, labels):
    """Mean absolute error of the median, and RPS."""
    below = np.cumsum(probabilities, axis=1)
    median = (below >= 0.5).argmax(axis=1)
    truth = np.arange(probabilities.shape[1]) >= labels[:, None]
    return np.abs(median - labels).mean(), ((below - truth) ** 2).sum(axis=1).mean()


def finetune(binary, flags, data, train, test, factors=()):
    """Of several weight decays, factors times the default, the one with the least RPS of the part for early stopping."""
    with tempfile.TemporaryDirectory() as work:
        folder, rows = pathlib.Path(work, "features"), np.concatenate([train, test])
        folder.mkdir()
        np.save(folder / "features.npy", data.features[rows])
        with open(folder / "index.csv", "w", newline="") as f:
            table = csv.writer(f)
            table.writerow(["row", "path", "label", "split", "group"])
            for i, row in enumerate(rows):
                group = "" if data.groups is None else data.groups[row]
                table.writerow([i, f"{row}.jpg", data.labels[row], "train" if i < len(train) else "test", group])
        runs = [train_run(binary, folder, pathlib.Path(work, "run"), flags)]
        for number, factor in enumerate(factors):
            decay = ["--weight-decay", str(factor * runs[0]["weight_decay"])]
            runs.append(train_run(binary, folder, pathlib.Path(work, f"run-{number}"), flags + decay))
        best = min(runs, key=lambda r: r["stopped"]) if factors else runs[0]
        return best["mae"], best["rps"]


def train_run(binary, folder, run, flags):
    subprocess.run([binary, "train", "-q", "--features", folder, "--out", run, *flags], check=True, capture_output=True)
    found = json.loads((run / "metrics.json").read_text())
    head = json.loads((run / "config.json").read_text())["head"]
    with open(run / "history.csv", newline="") as f:
        scores = [float(r["val_rps"]) for r in csv.DictReader(f) if r.get("val_rps")]
    return {"mae": found["mae"], "rps": found["rps"], "weight_decay": head.get("weight_decay"), "stopped": min(scores, default=None)}


def scaled(data, train, test):
    x = data.features[train].astype(np.float64)
    mean, std = x.mean(0), x.std(0)
    scale = np.where(std > 1e-6 * np.abs(mean), 1 / np.where(std > 0, std, 1), 0)
    return (x - mean) * scale, (data.features[test] - mean) * scale


def logistic(data, train, test):
    x, z = scaled(data, train, test)
    columns = x.shape[1] ** 0.5
    x, z = x / columns, z / columns
    basis = np.eye(x.shape[1])
    if len(x) < x.shape[1]:
        values, vectors = np.linalg.eigh(x @ x.T)
        kept = values > 1e-10 * values[-1]
        basis = x.T @ (vectors[:, kept] / np.sqrt(values[kept]))
    labels = data.labels[train]
    folds = max(2, min(3, np.unique(labels, return_counts=True)[1].min()))
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.1, 1, 10, 100]}, scoring="neg_log_loss", cv=folds)
    search.fit(x @ basis, labels)
    probabilities = np.zeros((len(test), data.classes))
    probabilities[:, search.best_estimator_.classes_] = search.predict_proba(z @ basis)
    return figures(probabilities, data.labels[test])


def ridge(data, train, test):
    x, z = scaled(data, train, test)
    model = RidgeClassifierCV(alphas=x.shape[1] * np.logspace(-3, 1, 9)).fit(x, data.labels[train])
    return np.abs(model.predict(z) - data.labels[test]).mean(), None


def measure(binary, method, data, train, test):
    if method == "LogisticRegression":
        return logistic(data, train, test)
    if method == "RidgeClassifierCV":
        return ridge(data, train, test)
    return finetune(binary, METHODS[method], data, train, test, FACTORS if method in TUNED else ())


def error(values):
    return np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else np.nan


def tables(results):
    found = {}
    for r in results:
        found.setdefault((r["set"], r["size"]), {}).setdefault(r["method"], {})[r["draw"]] = (r["mae"], r["rps"], r["images"])
    methods = [m for m in METHODS if any(m in row for row in found.values())]
    print(f"| features | training images (draws) | {' | '.join(methods)} |")
    print("|---" * (len(methods) + 2) + "|")
    lost = []
    for (name, size), row in sorted(found.items(), key=lambda kv: (kv[0][0], kv[0][1] or 1e9)):
        cells, draws, images = [], max(len(v) for v in row.values()), next(iter(next(iter(row.values())).values()))[2]
        for method in methods:
            values = list(row.get(method, {}).values())
            if not values:
                cells.append("")
                continue
            maes, rpss = [v[0] for v in values], [v[1] for v in values]
            cell = f"{np.mean(maes):.3f} ± {error(maes):.3f}"
            if rpss[0] is not None:
                cell += f" / {np.mean(rpss):.3f}"
            cells.append(cell if len(values) == draws else f"{cell} ({len(values)})")
        print(f"| {name} | {images} ({draws}) | {' | '.join(cells)} |")
        for other in SKLEARN:
            both = sorted(row.get("closed-form", {}).keys() & row.get(other, {}).keys())
            for at, figure in enumerate(("MAE", "RPS")):
                behind = [row["closed-form"][d][at] - row[other][d][at] for d in both if row[other][d][at] is not None]
                if behind and np.mean(behind) > 0:
                    lost.append(f"{name}, {images} images: {figure} behind {other} by {np.mean(behind):.3f} ± {error(behind):.3f}")
    print("\nRows in which the closed form is behind scikit-learn, with the standard error of the paired difference over draws:")
    print("\n".join(lost) or "none")


def main():
    given = sys.argv[1:]
    wanted = given[given.index("--") + 1:] if "--" in given else list(METHODS)
    binary, path, *sets = given[:given.index("--")] if "--" in given else given
    path = pathlib.Path(path)
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(r["set"], r["size"], r["draw"], r["method"]) for r in results}
    for text in sets:
        name, _, where = text.partition("=")
        folder, _, sizes = where.partition(":")
        data = Set(pathlib.Path(folder))
        for draw in range(DRAWS):
            for size in map(int, sizes.split(",")) if sizes else SIZES:
                rows = data.draw(size, draw)
                for method in wanted:
                    if rows is None or (name, size, draw, method) in done:
                        continue
                    mae, rps = measure(binary, method, data, *rows)
                    results.append({"set": name, "size": size, "draw": draw, "method": method, "images": len(rows[0]),
                                    "mae": float(mae), "rps": None if rps is None else float(rps)})
                    with open(path, "a") as f:
                        f.write(json.dumps(results[-1]) + "\n")
    print(datetime.datetime.now(datetime.timezone.utc).date(), platform.machine(), platform.system())
    tables(results)


main()
