#!/usr/bin/env python3
"""Writes the shapes that ONNX's own inference finds in some networks of backbone's tests, for comparison.

    python make_shapes.py        (in this folder; onnx)

A dimension is a number, or null where it isn't one.
"""
import json, pathlib

import onnx

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent.parent / "backbone" / "testdata"
NAMES = ["resnet_basic_11", "densenet_12", "mobilenet_v2_13", "mobilenet_v3_14_sigmoid", "efficientnet_15", "shufflenet_16",
         "tokens_17", "vgg_18", "squeezenet_11", "nhwc_uint8_13", "resnet_basic_dynamo", "shufflenet_dynamo"]

table = {}
for name in NAMES:
    model = onnx.load(MODELS / f"{name}.onnx")
    del model.graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    table[name] = {}
    for v in model.graph.value_info:
        t = v.type.tensor_type
        if t.HasField("shape"):
            table[name][v.name] = [d.dim_value if d.HasField("dim_value") else None for d in t.shape.dim]
(HERE / "shapes.json").write_text(json.dumps({"made_with": {"onnx": onnx.__version__}, "shapes": table}) + "\n")
