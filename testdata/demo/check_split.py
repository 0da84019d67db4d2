"""Asks whether demo.csv's split is a lucky one: logistic regression on the default network's features.

    pip install -r requirements-check.txt
    python check_split.py

Prints quadratic weighted kappa on the held-out photos for the split of demo.csv, for always answering one class, for
each photo left out alone, and for random choices of four photos out of twelve. It leans on nothing of the Go program.
"""

import csv
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
from PIL import Image
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent
SPLITS = 100  # random choices of four photos
C = 0.01  # inverse strength of the penalty; fixed beforehand, not searched


def features(paths):
    model = onnx.load(HERE / "../../models/efficientnet_lite0.onnx")
    model.graph.output.append(onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["batch", 1280]))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for path in paths:
        image = Image.open(HERE / path).convert("RGB").resize((256, 256), Image.Resampling.BILINEAR)
        pixels = np.asarray(image.crop((16, 16, 240, 240)), np.float32)
        x = ((pixels - 127) / 128).transpose(2, 0, 1)[None]
        rows.append(session.run(["features"], {"input": x})[0][0])
    return np.stack(rows)


def kappa(truth, predicted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return cohen_kappa_score(truth, predicted, weights="quadratic", labels=range(1, 6))


def held_out(x, y, test):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=300)).fit(x[~test], y[~test])
    return kappa(y[test], model.predict(x[test]))


def main():
    with open(HERE / "demo.csv", newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    x, y = features([r["path"] for r in rows]), np.array([int(r["label"]) for r in rows])
    photo, test = np.array([r["group"] for r in rows]), np.array([r["split"] == "test" for r in rows])
    photos = sorted(set(photo))
    chosen = held_out(x, y, test)
    print(f"split of demo.csv ({', '.join(sorted(set(photo[test])))}): {chosen:.3f}")
    print(f"always the commonest class: {kappa(y[test], np.full(test.sum(), y[0])):.3f}")
    for name in photos:
        print(f"only {name} left out: {held_out(x, y, photo == name):.3f}")
    rng = np.random.default_rng(0)
    several = np.array([held_out(x, y, np.isin(photo, rng.choice(photos, 4, replace=False))) for _ in range(SPLITS)])
    print(
        f"{SPLITS} random choices of four photos: mean {several.mean():.3f}, standard deviation {several.std():.3f}, "
        f"from {several.min():.3f} to {several.max():.3f}; {np.mean(several < chosen):.0%} are below the split of demo.csv"
    )


if __name__ == "__main__":
    main()
