"""Holds a training run against scikit-learn's LogisticRegression on the same features and the same split.

    finetune extract --data DATA --out features ...
    finetune --features features --loss cross-entropy --decision argmax --out run ...
    python scripts/compare_sklearn.py features run [another-run ...]

The run's predictions.csv says which images were held out; scikit-learn learns from all others (it needs no images for
early stopping, so it has more to learn from), with standardised features and each of three values of C. Its best C is
chosen on the held-out images themselves, in its favour. Several runs (other seeds) are averaged. Needs numpy and
scikit-learn.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CS = (1e-4, 1e-3, 1e-2)


def main(features, *runs):
    features = pathlib.Path(features)
    x = np.load(features / "features.npy", mmap_mode="r")
    with open(features / "index.csv", newline="", encoding="utf-8") as f:
        row = {r["path"]: int(r["row"]) for r in csv.DictReader(f)}
    ours, theirs = [], []
    for run in map(pathlib.Path, runs):
        config = json.loads((run / "config.json").read_text())
        classes = [c["name"] for c in config["classes"]]
        with open(run / "predictions.csv", newline="", encoding="utf-8") as f:
            held_out = list(csv.DictReader(f))
        with open(features / "index.csv", newline="", encoding="utf-8") as f:
            text = {r["path"]: r["label"] for r in csv.DictReader(f)}
        edges = config["data"].get("bins")
        label = {p: int(np.searchsorted(edges, float(v), side="right") - 1) if edges else classes.index(v) for p, v in text.items()}
        test = [r["path"] for r in held_out]
        train = sorted(set(row) - set(test))
        y = np.array([label[p] for p in train])
        truth = np.array([classes.index(r["label"]) for r in held_out])
        said = np.array([classes.index(r["predicted"]) for r in held_out])
        ours.append(np.abs(truth - said).mean())
        maes = []
        for c in CS:
            model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))
            model.fit(x[[row[p] for p in train]], y)
            maes.append(np.abs(model.predict(x[[row[p] for p in test]]) - truth).mean())
        theirs.append(maes)
        print(f"{run}: finetune {ours[-1]:.4f}, scikit-learn " + ", ".join(f"C={c:g} {m:.4f}" for c, m in zip(CS, maes)))
    best = np.mean(theirs, axis=0).min()
    each = np.min(theirs, axis=1).mean()
    print(f"mean MAE of {len(ours)}: finetune {np.mean(ours):.4f}, scikit-learn {sklearn.__version__} "
          f"{best:.4f} (one C for all), {each:.4f} (the best C of each split, chosen on it)")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
