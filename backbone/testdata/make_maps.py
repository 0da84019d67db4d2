#!/usr/bin/env python3
"""Makes maps.json: how much each place of each map brings to weights · features, by torch's autograd.

    python make_maps.py        (in this folder; numpy, torch, onnx, onnxruntime)

The maps of the first picture of images.npy come from onnxruntime, as outputs added to the file. Torch pools them with its
adaptive average pooling, multiplies with the weights and differentiates: the product of map and gradient, summed over
channels, is the share of each place. Nothing is shared with the program that is tested but the order of the row.
"""
import json, pathlib

import numpy, onnx, onnxruntime, torch
from torch.nn.functional import adaptive_avg_pool2d

HERE = pathlib.Path(__file__).parent

# A tap is a node's first output, found by operator and count; the last is the mean of the map before it.
CASES = [
    ("resnet_basic_11.onnx", [("Relu", 0), ("Relu", 3), ("Relu", 5)], [1, 3]),
    ("squeezenet_11.onnx", [("Relu", 0), ("Concat", -1)], [2, 3, 1]),
    ("mobilenet_v2_13.onnx", [("Add", 0), ("Clip", -1)], [3]),
]


def tensors(model, taps):
    by_kind = {}
    for node in model.graph.node:
        by_kind.setdefault(node.op_type, []).append(node.output[0])
    return [by_kind[kind][at] for kind, at in taps]


def case(file, taps, pool):
    model = onnx.load(HERE / file)
    names = tensors(model, taps)
    for name in names:
        model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = numpy.load(HERE / "images.npy")
    image = image.reshape(len(image), 3, 32, 32)[:1]
    maps = [torch.tensor(m[:1]).double().requires_grad_() for m in session.run(names, {session.get_inputs()[0].name: image})]
    # Cell by cell, each with all channels.
    row = torch.cat([adaptive_avg_pool2d(m, g)[0].permute(1, 2, 0).flatten() for m in maps for g in pool])
    weights = torch.tensor(numpy.random.default_rng(7).normal(size=len(row)).astype(numpy.float32).round(3))
    (weights.double() @ row).backward()
    return {"network": file, "tap": ",".join(names), "pool": pool, "weights": [round(float(w), 3) for w in weights],
            "maps": [(m * m.grad).sum(1)[0].detach().numpy().round(8).tolist() for m in maps]}


made = {"made_with": {m.__name__: m.__version__ for m in (numpy, onnx, onnxruntime, torch)}, "cases": [case(*c) for c in CASES]}
(HERE / "maps.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
