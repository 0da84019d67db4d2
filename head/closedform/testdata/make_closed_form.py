"""The closed-form head in plain numpy and scipy.

    python make_closed_form.py
        writes closed_form.json: small problems with leave-one-out predictions by refits and the head that follows.
    python make_closed_form.py features.npy targets.npy weight.npy bias.npy lambda penalty emd_weight
        computes the head from the features again and compares it with the given one (float32, classes x columns and
        classes), by the largest difference between probabilities. lambda is a multiple of the mean squared row length.

Needs numpy and scipy.
"""

import json
import sys

import numpy as np
import scipy
from scipy.optimize import minimize


class Rows:
    """Standardised features and cumulative targets with weights of mean 1."""

    def __init__(self, x, targets, weights):
        self.n = len(x)
        self.w = weights * self.n / weights.sum()
        self.mean = np.average(x, axis=0, weights=self.w)
        deviation = np.sqrt(np.average((x - self.mean) ** 2, axis=0, weights=self.w))
        varies = deviation > 1e-6 * np.abs(self.mean)
        self.inverse = np.where(varies, 1 / np.where(varies, deviation, 1), 0)
        self.length = varies.sum()
        self.x = (x - self.mean) * self.inverse
        self.t = targets.cumsum(axis=1)[:, :-1]


def ridge(x, t, w, lam):
    """Coefficients and intercept of a weighted ridge regression, the intercept unpenalised."""
    mean, target = np.average(x, axis=0, weights=w), np.average(t, axis=0, weights=w)
    xw, tw = np.sqrt(w)[:, None] * (x - mean), np.sqrt(w)[:, None] * (t - target)
    if len(x) <= x.shape[1]:
        b = xw.T @ np.linalg.solve(xw @ xw.T + lam * np.eye(len(x)), tw)
    else:
        b = np.linalg.solve(xw.T @ xw + lam * np.eye(x.shape[1]), xw.T @ tw)
    return b, target - mean @ b


def leave_out_by_refits(rows, groups, lam):
    scores = np.empty_like(rows.t)
    for g in np.unique(groups):
        out = groups == g
        b, intercept = ridge(rows.x[~out], rows.t[~out], rows.w[~out], lam)
        scores[out] = rows.x[out] @ b + intercept
    return scores


def leave_one_out(rows, lam):
    """By the diagonal of the hat matrix, each row alone."""
    root = np.sqrt(rows.w)
    share = root / np.sqrt(rows.w.sum())
    target = np.average(rows.t, axis=0, weights=rows.w)
    xw, tw = root[:, None] * rows.x, root[:, None] * (rows.t - target)
    if rows.n <= xw.shape[1]:
        inverse = np.linalg.inv(xw @ xw.T + lam * np.eye(rows.n))
        rest, residuals = lam * np.diag(inverse) - share**2, lam * inverse @ tw
    else:
        inverse = np.linalg.inv(xw.T @ xw + lam * np.eye(xw.shape[1]))
        rest = 1 - share**2 - np.einsum("ij,jk,ik->i", xw, inverse, xw)
        residuals = tw - xw @ (inverse @ (xw.T @ tw))
    return rows.t - residuals / rest[:, None] / root[:, None]


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def fit_link(scores, targets, weights, penalty, emd_weight):
    """The softmax layer with the least mean cross-entropy + emd_weight * squared EMD + penalty/2 * |weights|^2."""
    k = targets.shape[1]
    w = weights / weights.sum()

    def objective(v):
        weight, bias = v[: k * (k - 1)].reshape(k, k - 1), v[k * (k - 1) :]
        z = scores @ weight.T + bias
        p = softmax(z)
        log = z - z.max(axis=1, keepdims=True)
        log = log - np.log(np.exp(log).sum(axis=1, keepdims=True))
        difference = (p - targets).cumsum(axis=1)[:, :-1]
        value = w @ (-(targets * log).sum(axis=1) + emd_weight * (difference**2).sum(axis=1))
        c = np.zeros_like(p)
        c[:, :-1] = 2 * emd_weight * difference[:, ::-1].cumsum(axis=1)[:, ::-1]
        slope = w[:, None] * (p - targets + p * (c - (p * c).sum(axis=1, keepdims=True)))
        value += penalty / 2 * (weight**2).sum()
        return value, np.concatenate([(slope.T @ scores + penalty * weight).ravel(), slope.sum(axis=0)])

    start = np.zeros(k * k)
    for _ in range(3):  # each time from scratch but for the place
        start = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-10, "maxiter": 5000}).x
    return start[: k * (k - 1)].reshape(k, k - 1), start[k * (k - 1) :]


def head(rows, scores, targets, weights, lam, penalty, emd_weight):
    """Weights and biases on raw features."""
    link, bias = fit_link(scores, targets, weights, penalty, emd_weight)
    b, intercept = ridge(rows.x, rows.t, rows.w, lam)
    weight = (link @ b.T) * rows.inverse
    return weight, bias + link @ intercept - weight @ rows.mean


def made(rng, n, d, k, soft, weighted, grouped):
    labels = rng.integers(0, k, n)
    x = (rng.normal(size=(n, d)) + labels[:, None] * np.sin(np.arange(d))).astype(np.float32)
    targets = np.eye(k)[labels]
    if soft:
        targets = rng.multinomial(8, 0.7 * targets + 0.3 / k) / 8
    weights = rng.integers(1, 5, n) / 2 if weighted else np.ones(n)
    groups = rng.integers(0, n // 2, n) if grouped else np.arange(n)
    return x, targets, weights, groups


def main():
    rng = np.random.default_rng(11)
    lam, penalty, emd_weight = 0.2, 1e-2, 2.5
    problems = []
    for n, d, soft, weighted, grouped in [(30, 4, False, False, False), (24, 30, False, True, False), (28, 5, True, True, True), (20, 26, True, False, True)]:
        x, targets, weights, groups = made(rng, n, d, 4, soft, weighted, grouped)
        rows = Rows(x.astype(np.float64), targets, weights)
        scores = leave_out_by_refits(rows, groups, lam * rows.length)
        if not grouped:
            assert np.abs(scores - leave_one_out(rows, lam * rows.length)).max() < 1e-9
        weight, bias = head(rows, scores, targets, weights, lam * rows.length, penalty, emd_weight)
        problems.append(
            {
                "columns": d,
                "features": [float(v) for v in x.ravel()],
                "targets": targets.ravel().tolist(),
                "weights": weights.tolist(),
                "groups": groups.tolist(),
                "scores": scores.ravel().tolist(),
                "weight": weight.ravel().tolist(),
                "bias": bias.tolist(),
            }
        )
    made_with = f"numpy {np.__version__}, scipy {scipy.__version__}"
    with open("closed_form.json", "w") as f:
        json.dump({"made_with": made_with, "classes": 4, "lambda": lam, "penalty": penalty, "emd_weight": emd_weight, "problems": problems}, f)


def compare(features, targets, weight, bias, lam, penalty, emd_weight):
    x, targets = np.load(features).astype(np.float64), np.load(targets).astype(np.float64)
    weights = np.ones(len(x))
    rows = Rows(x, targets, weights)
    lam = float(lam) * rows.length
    ours = head(rows, leave_one_out(rows, lam), targets, weights, lam, float(penalty), float(emd_weight))
    given = np.load(weight).astype(np.float64), np.load(bias).astype(np.float64)
    difference = np.abs(softmax(x @ ours[0].T + ours[1]) - softmax(x @ given[0].T + given[1])).max()
    print(f"largest difference between probabilities: {difference:.2g}")
    sys.exit(int(difference > 1e-5))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        compare(*sys.argv[1:])
    main()
