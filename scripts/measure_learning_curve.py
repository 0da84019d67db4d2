#!/usr/bin/env python3
"""Measures heads by the number of training images, on a folder of features that finetune extract wrote.

    scripts/measure_learning_curve.py FINETUNE FEATURES BINS [SIZE:DRAWS ...]

BINS are the lower edges of the classes, as --bins takes them.

Each draw takes 600 images for testing and SIZE of the others for training, by class shares; 0 stands for all others.
Every head is trained on the same images and features, and settles its penalty by the training images alone:
closed form by leave-one-out, SGD by its default, scikit-learn's LogisticRegression and RidgeClassifierCV by
cross-validation on standardised columns (LogisticRegression in the span of the training rows, which changes nothing
for an L2 penalty and is faster). Prints the mean over draws of mean absolute error / RPS; RidgeClassifierCV has no
probabilities. The decision is the median, for RidgeClassifierCV its class. Needs numpy and scikit-learn.
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV, train_test_split

TEST = 600


def figures(probabilities, labels):
    """Mean absolute error of the median, and RPS."""
    below = np.cumsum(probabilities, axis=1)
    median = (below >= 0.5).argmax(axis=1)
    truth = np.arange(probabilities.shape[1]) >= labels[:, None]
    return np.abs(median - labels).mean(), ((below - truth) ** 2).sum(axis=1).mean()


def finetune(binary, optimizer, features, names, labels, train, test):
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work, "features")
        folder.mkdir()
        rows = np.concatenate([train, test])
        np.save(folder / "features.npy", features[rows])
        with open(folder / "index.csv", "w", newline="") as f:
            table = csv.writer(f)
            table.writerow(["row", "path", "label", "split"])
            for i, row in enumerate(rows):
                table.writerow([i, names[row], f"{labels[row]}", "train" if i < len(train) else "test"])
        run = pathlib.Path(work, "run")
        subprocess.run([binary, "train", "-q", "--features", folder, "--out", run, "--optimizer", optimizer],
                       check=True, capture_output=True)
        found = json.loads((run / "metrics.json").read_text())
        return found["mae"], found["rps"]


def logistic(features, labels, train, test, classes):
    x = features[train].astype(np.float64)
    mean, std = x.mean(0), x.std(0)
    scale = np.where(std > 1e-6 * np.abs(mean), 1 / np.where(std > 0, std, 1), 0) / np.sqrt(x.shape[1])
    x, z = (x - mean) * scale, (features[test] - mean) * scale
    values, vectors = np.linalg.eigh(x @ x.T)
    kept = values > 1e-10 * values[-1]
    basis = x.T @ (vectors[:, kept] / np.sqrt(values[kept]))
    folds = max(2, min(3, np.bincount(labels[train], minlength=classes)[np.unique(labels[train])].min()))
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.1, 1, 10, 100]}, scoring="neg_log_loss", cv=folds)
    search.fit(x @ basis, labels[train])
    probabilities = np.zeros((len(test), classes))
    probabilities[:, search.best_estimator_.classes_] = search.predict_proba(z @ basis)
    return figures(probabilities, labels[test])


def ridge(features, labels, train, test):
    x = features[train].astype(np.float64)
    mean, std = x.mean(0), x.std(0)
    scale = np.where(std > 1e-6 * np.abs(mean), 1 / np.where(std > 0, std, 1), 0)
    model = RidgeClassifierCV(alphas=x.shape[1] * np.logspace(-3, 1, 9)).fit((x - mean) * scale, labels[train])
    return np.abs(model.predict((features[test] - mean) * scale) - labels[test]).mean(), np.nan


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    sizes = [tuple(map(int, s.split(":"))) for s in sys.argv[4:]] or [(50, 5), (200, 5), (500, 5), (1000, 3), (0, 2)]
    features = np.load(folder / "features.npy", mmap_mode="r")
    with open(folder / "index.csv", newline="") as f:
        index = list(csv.DictReader(f))
    names, texts = [r["path"] for r in index], [r["label"] for r in index]
    bins = list(map(float, sys.argv[3].split(",")))
    labels, classes = np.digitize([float(t) for t in texts], bins) - 1, len(bins)
    print("| training images (draws) | closed form | SGD | LogisticRegression | RidgeClassifierCV |")
    print("|---|---|---|---|---|", flush=True)
    for size, draws in sizes:
        found = []
        for seed in range(draws):
            rest, test = train_test_split(np.arange(len(labels)), test_size=TEST, random_state=seed, stratify=labels)
            train = rest
            if size:
                train, _ = train_test_split(rest, train_size=size, random_state=seed, stratify=labels[rest])
            found.append([finetune(binary, "closed-form", features, names, labels, train, test),
                          finetune(binary, "sgd", features, names, labels, train, test),
                          logistic(features, labels, train, test, classes), ridge(features, labels, train, test)])
        mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(draws)
        cells = [f"{m:.3f} ± {e:.3f} / {r:.3f}" if r == r else f"{m:.3f} ± {e:.3f}" for (m, r), (e, _) in zip(mean, error)]
        print(f"| {len(train)} ({draws}) | " + " | ".join(cells) + " |", flush=True)


main()
