"""Writes cumulative.json: values, gradients and class probabilities of CORAL and CORN by their published definitions.

The definitions are written down from the papers, in terms of rank levels and conditional training sets, not in
the closed form that the Go code uses; gradients come from autograd.

    CORAL  Cao, Mirjalili, Raschka 2020, arXiv 1901.07884, equation 5 without importance weights
    CORN   Shi, Cao, Raschka 2021, arXiv 2111.08851, equation 5, before its division by the number of tasks

    python make_cumulative.py      (needs torch)
"""

import json
import pathlib

import torch
from torch.nn.functional import logsigmoid

torch.set_default_dtype(torch.float64)
torch.manual_seed(4)


def coral_loss(z, label):
    """Sum over ranks k of the binary cross-entropy of 'label > k'."""
    levels = torch.tensor([1.0 if label > k else 0.0 for k in range(len(z))])
    return -(logsigmoid(z) * levels + (logsigmoid(z) - z) * (1 - levels)).sum()


def corn_loss(z, label):
    """Sum over the tasks whose conditional training set holds the sample: task k takes the labels above k - 1."""
    total = torch.zeros(())
    for k in range(len(z)):
        if label > k - 1:
            total = total - (logsigmoid(z[k]) if label > k else logsigmoid(z[k]) - z[k])
    return total


def coral_above(z):
    """P(y > k): the ranks' own sigmoids, kept from rising."""
    return torch.cummin(torch.sigmoid(z), 0).values


def corn_above(z):
    """P(y > k): the chain of conditional probabilities."""
    return torch.cumprod(torch.sigmoid(z), 0)


def probabilities(above):
    one, zero = torch.ones(1), torch.zeros(1)
    return torch.cat([one, above]) - torch.cat([above, zero])


def sample(name, z, target):
    """A soft target's loss is the mean of its labels' losses."""
    loss, above = {"coral": (coral_loss, coral_above), "corn": (corn_loss, corn_above)}[name]
    z = z.clone().requires_grad_()
    value = sum(t * loss(z, k) for k, t in enumerate(target) if t > 0)
    (grad,) = torch.autograd.grad(value, z)
    return {
        "loss": name,
        "logits": z.tolist(),
        "target": list(target),
        "value": value.item(),
        "grad_logits": grad.tolist(),
        "probabilities": probabilities(above(z.detach())).tolist(),
    }


def main():
    samples = []
    for name in ("coral", "corn"):
        for classes in (2, 3, 5, 8, 101):
            for scale in (1, 10):
                for soft in (False, True):
                    z = scale * torch.randn(classes - 1)
                    if scale == 1:  # biases in order, as CORAL's are after training
                        z = z.sort(descending=True).values
                    if soft:
                        target = torch.softmax(2 * torch.randn(classes), 0).tolist()
                    else:
                        target = [0.0] * classes
                        target[int(torch.randint(classes, ()))] = 1.0
                    samples.append(sample(name, z, target))
    out = {"made_with": {"script": "make_cumulative.py", "torch": torch.__version__}, "samples": samples}
    pathlib.Path(__file__).with_name("cumulative.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
