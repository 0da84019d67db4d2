"""Shows that training runs end at stationary points of independent definitions of their losses.

    finetune --features features --loss emd2 --optimizer lbfgs --val-split 0 --out run-emd2     (and other losses)
    python scripts/check_stationary.py features run-emd2 [another-run ...]

For each run: the gradient of weighted mean loss + weight_decay/2 · |w|² at the weights of head.safetensors, by PyTorch's autograd in float64 with the
definitions of head/testdata/make_stationary.py, over the gradient at the start (no weights, biases at the class shares). The images of the run's
predictions.csv were held out; it trained on all others, so it must have been run with --val-split 0. Positions and matrices come
from the weight file. Needs numpy, torch, safetensors.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors import safe_open

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "head" / "testdata"))
from make_stationary import length, objective  # noqa: E402


def scaling(x):
    """Column means and inverse scales as head.scaling has them: one scale for all columns, the strongest held at eight times the median."""
    mean, deviation = x.mean(0), x.std(0)
    varying = deviation > 1e-6 * np.abs(mean)
    limit = 8 * np.sort(deviation[varying])[varying.sum() // 2]
    total = (np.minimum(deviation[varying], limit) ** 2).sum()
    inverse = np.zeros_like(mean)
    inverse[varying] = np.sqrt(min(varying.sum(), 1024) / total) * np.minimum(1, limit / deviation[varying])
    return mean, inverse


def check(features, run):
    config = json.loads((run / "config.json").read_text())
    if config["split"]["val_images"] or config["head"]["hidden"] or config["head"].get("class_weights") or config["head"]["balanced"] or config.get("soften"):
        sys.exit(f"{run}: run it with --val-split 0, a linear head, labels as they are and no class weights")
    x = np.load(features / "features.npy").astype(np.float64)
    with open(run / "predictions.csv", newline="", encoding="utf-8") as f:
        held_out = {r["path"] for r in csv.DictReader(f)}
    with open(features / "index.csv", newline="", encoding="utf-8") as f:
        rows = [(int(r["row"]), r["label"]) for r in csv.DictReader(f) if r["path"] not in held_out]
    classes, edges = [c["name"] for c in config["classes"]], config["data"].get("bins")
    label = [int(np.searchsorted(edges, float(v), side="right") - 1) if edges else classes.index(v) for _, v in rows]
    t = torch.tensor(np.eye(len(classes))[label])
    x = x[[i for i, _ in rows]]
    with safe_open(run / "head.safetensors", "np") as f:
        loss, weight, bias = json.loads(f.metadata()["loss"]), f.get_tensor("weight").astype(np.float64), f.get_tensor("bias").astype(np.float64)

    mean, inverse = scaling(x)
    w, b = np.divide(weight, inverse, out=np.zeros_like(weight), where=inverse > 0), bias + weight @ mean
    scaled = torch.tensor((x - mean) * inverse)
    decay, ones = config["head"]["weight_decay"], torch.ones(len(x))
    if loss["name"] == "coral":
        w = w[:1]
    if loss["name"] == "l2" and (s := loss.get("ground", {}).get("positions")):
        step = (s[-1] - s[0]) / (len(s) - 1)  # its penalty is on weights in mean gaps
        w, b = w / step, (b - s[0]) / step
        loss["ground"]["positions"] = [(v - s[0]) / step for v in s]

    shares = (t.sum(0).numpy() + 1) / (len(x) + len(classes))
    above = 1 - shares.cumsum()[:-1]
    positions = np.array(loss.get("ground", {}).get("positions") or range(len(classes)))
    begin = {
        "coral": np.log(above / (1 - above)), "corn": np.log(above / shares[:-1]), "l2": (shares * positions).sum(keepdims=True),
    }.get(loss["name"], np.log(shares))

    def gradient(w, b):
        w, b = torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True)
        value = objective(w, b, scaled, t, ones, loss, decay)
        value.backward()
        return value.item(), length(w, b)

    start, at_start = gradient(np.zeros_like(w), begin)
    value, at_end = gradient(w, b)
    print(f"{run}: {loss['name']}, decay {decay:.4g}: objective {start:.6f} -> {value:.6f}, gradient {at_start:.3e} -> {at_end:.3e} = {at_end / at_start:.1e} of the start's")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for run in sys.argv[2:]:
        check(pathlib.Path(sys.argv[1]), pathlib.Path(run))
