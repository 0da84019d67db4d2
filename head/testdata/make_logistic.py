"""Writes logistic.json: a small data set with sample weights and the L2-regularised multinomial logistic regression
that scikit-learn finds for it. Run: python make_logistic.py (needs numpy, scikit-learn)."""

import json

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(7)
n, d, k = 60, 4, 3
labels = rng.integers(0, k, n)
features = (rng.normal(size=(n, d)) + labels[:, None] * np.array([1.0, -0.5, 0.2, 0.0])).astype(np.float32)
weights = rng.integers(1, 4, n).astype(np.float32)
decay = 0.05  # of the penalty decay/2 · |w|² beside the weighted mean loss

model = LogisticRegression(C=1 / (decay * weights.sum()), tol=1e-10, max_iter=10000)
model.fit(features.astype(np.float64), labels, sample_weight=weights)
with open("logistic.json", "w") as f:
    json.dump(
        {
            "made_with": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
            "classes": k,
            "decay": decay,
            "features": [[float(v) for v in row] for row in features],
            "labels": labels.tolist(),
            "weights": weights.tolist(),
            "coef": model.coef_.tolist(),
            "intercept": (model.intercept_ - model.intercept_.mean()).tolist(),
        },
        f,
        indent=1,
    )
    f.write("\n")
