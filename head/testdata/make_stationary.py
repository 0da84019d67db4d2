"""Writes stationary.json: a small data set and, for every loss, the L2-regularised optimum of a linear head on it.

The losses are defined here from the papers, in PyTorch, on their own terms (cumulative sums, logistic tasks, a transport plan by
Sinkhorn's iteration), and nothing is shared with the Go code. Gradients are autograd's and everything is float64. The optimum
is found by L-BFGS, restarted until the gradient is about 1e-8 of the start's. Takes some minutes, most of them for sinkhorn on votes.

    python make_stationary.py      (needs numpy, torch)

scripts/check_stationary.py uses these definitions on whole training runs.
"""

import json
import pathlib

import numpy as np
import torch
from torch.nn.functional import log_softmax, logsigmoid

torch.set_default_dtype(torch.float64)


def ground_matrix(config, k):
    """D as the loss sees it: a matrix as it stands, or distances on the line scaled to [0, 1]."""
    ground = config.get("ground", {})
    if ground.get("matrix"):
        return torch.tensor(ground["matrix"], dtype=torch.float64).reshape(k, k)
    s = torch.tensor(ground.get("positions") or list(range(k)), dtype=torch.float64)
    return (s[:, None] - s[None, :]).abs() / (s[-1] - s[0])


def emd2(p, t, config):
    k = p.shape[1]
    ground = config.get("ground", {})
    if ground.get("matrix"):
        cost = ground_matrix(config, k) ** config.get("omega", 1) + config.get("mu", 0)
        return (p**2 * (t @ cost.T)).sum(1)
    s = torch.tensor(ground.get("positions") or list(range(k)), dtype=torch.float64)
    gaps = s.diff() / s.diff().mean()
    return (gaps * (p.cumsum(1) - t.cumsum(1))[:, :-1] ** 2).sum(1)


def sinkhorn(log_p, t, config):
    """The dual value at the optimum, whose gradient is that of the primal by the envelope theorem."""
    k = log_p.shape[1]
    gamma = config.get("gamma", 10)
    kernel = -gamma * ground_matrix(config, k)
    log_t = torch.log(t)  # -inf where a class has no share: no column
    v = torch.zeros_like(log_t)
    with torch.no_grad():
        for _ in range(3000):
            u = log_p - torch.logsumexp(kernel[None] + v[:, None, :], 2)
            v = log_t - torch.logsumexp(kernel[None] + u[:, :, None], 1)
    plan = torch.exp(kernel[None] + u[:, :, None] + v[:, None, :])
    # <plan, D> - H(plan)/gamma for the plan that was found, and the row potential u/gamma as its gradient in p.
    log_plan = torch.where(plan > 0, torch.log(plan.clamp_min(1e-300)), torch.zeros(()))
    value = (plan * (ground_matrix(config, k) + (log_plan - 1) / gamma)).sum((1, 2)).detach()
    p = log_p.exp()
    return value + ((p - p.detach()) * (u / gamma)).sum(1)


def loss(z, t, config):
    """The loss of each sample: logits z (n × outputs), target distributions t (n × K)."""
    name, k = config["name"], t.shape[1]
    above = 1 - t.cumsum(1)[:, :-1]  # P(y > k) of the target
    if name == "coral":
        return -(above * logsigmoid(z) + (1 - above) * logsigmoid(-z)).sum(1)
    if name == "corn":
        return -(above * logsigmoid(z) + t[:, :-1] * logsigmoid(-z)).sum(1)
    if name == "l2":
        s = torch.tensor(config.get("ground", {}).get("positions") or list(range(k)), dtype=torch.float64)
        return (t * (z - s) ** 2).sum(1)
    log_p = log_softmax(z, 1)
    p = log_p.exp()
    if name == "cross-entropy":
        return -(t * log_p).sum(1)
    if name == "emd2":
        return emd2(p, t, config)
    if name == "xemd2":
        return -(t * log_p).sum(1) + config.get("lambda", 1) * emd2(p, t, config)
    if name == "emd":
        r = config.get("exponent", 2)
        return ((p.cumsum(1) - t.cumsum(1)).abs() ** r).mean(1) ** (1 / r)
    if name == "sinkhorn":
        return sinkhorn(log_p, t, config)
    raise ValueError(name)


def outputs(name, k):
    return {"l2": 1, "coral": k - 1, "corn": k - 1}.get(name, k)


def parameters(name, d, k):
    """Weights and biases at zero; coral has one weight vector."""
    rows = 1 if name in ("coral", "l2") else outputs(name, k)
    return torch.zeros(rows, d, requires_grad=True), torch.zeros(outputs(name, k), requires_grad=True)


def objective(w, b, x, t, weights, config, decay):
    """Weighted mean loss plus decay/2 · |w|²."""
    z = x @ w.T + b
    return (weights * loss(z, t, config)).sum() / weights.sum() + decay / 2 * (w**2).sum()


def length(w, b):
    return torch.cat([w.grad.ravel(), b.grad]).norm().item()


def optimum(x, t, weights, config, decay):
    w, b = parameters(config["name"], x.shape[1], t.shape[1])
    value = objective(w, b, x, t, weights, config, decay)
    value.backward()
    start = length(w, b)
    for _ in range(60):
        opt = torch.optim.LBFGS([w, b], max_iter=200, history_size=30, tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe")

        def closure():
            opt.zero_grad()
            v = objective(w, b, x, t, weights, config, decay)
            v.backward()
            return v

        opt.step(closure)
        value = closure()
        if length(w, b) < 1e-8 * start:
            break
    return w.detach(), b.detach(), value.item(), length(w, b) / start


def main():
    rng = np.random.default_rng(11)
    n, d, k = 80, 5, 4
    position = rng.uniform(0, k, n)
    x = (rng.normal(size=(n, d)) * 0.8 + position[:, None] * np.array([1, -0.5, 0.3, 0, 0])).astype(np.float32)
    hard = np.eye(k)[position.astype(int)]
    votes = np.array([rng.multinomial(5, np.exp(-np.abs(np.arange(k) - p)) / np.exp(-np.abs(np.arange(k) - p)).sum()) / 5 for p in position])
    weights = rng.integers(1, 4, n).astype(np.float64)
    matrix = [0, 1, 3, 4, 1, 0, 1, 3, 2, 1, 0, 1, 5, 3, 1, 0]
    positions = {"ground": {"positions": [1.0, 4.0, 9.0, 30.0]}}
    cases = [
        {"name": "cross-entropy"}, {"name": "emd2"}, {"name": "emd2", **positions},
        {"name": "emd2", "ground": {"matrix": matrix}, "omega": 2.0, "mu": 0.25},
        {"name": "xemd2", "lambda": 2.0}, {"name": "xemd2", "ground": {"matrix": matrix}, "omega": 1.0, "mu": 0.5, "lambda": 0.7},
        {"name": "emd", "exponent": 2.0}, {"name": "emd", "exponent": 1.5}, {"name": "sinkhorn", "gamma": 5.0}, {"name": "sinkhorn", "gamma": 10.0, **positions},
        {"name": "l2"}, {"name": "coral"}, {"name": "corn"},
    ]
    decay = 0.02
    out = {
        "made_with": f"torch {torch.__version__}, numpy {np.__version__}", "classes": k, "columns": d, "decay": decay,
        "features": x.ravel().tolist(), "weights": weights.tolist(), "targets": {"labels": hard.ravel().tolist(), "votes": votes.ravel().tolist()}, "optima": [],
    }
    xt, wt = torch.tensor(x, dtype=torch.float64), torch.tensor(weights)
    for config in cases:
        for name, target in (("labels", hard), ("votes", votes)):
            w, b, value, left = optimum(xt, torch.tensor(target), wt, config, decay)
            print(f"{config['name']:14s} {name:7s} {value:.9f}  gradient {left:.1e} of the start's")
            assert left < 1e-6, config
            full = w.expand(len(b), d) if config["name"] == "coral" else w
            out["optima"].append({"loss": {**config, "classes": k}, "targets": name, "value": value, "weight": full.ravel().tolist(), "bias": b.tolist()})
    path = pathlib.Path(__file__).with_name("stationary.json")
    path.write_text(json.dumps(out, indent=None, separators=(",", ":")).replace('{"loss"', '\n{"loss"') + "\n")


if __name__ == "__main__":
    main()
