#!/usr/bin/env python3
"""Quantises two of make_models.py's networks to 8 bits, in both of ONNX Runtime's forms.

    python make_quantized.py        (in this folder, after make_models.py; onnx, onnxruntime, numpy)

NAME_qdq.onnx has QuantizeLinear and DequantizeLinear around operators of floating point, NAME_qlinear.onnx operators on
bytes. Their features are held against the float network's in features.json, so nothing else is written. The ranges come
from the same 64 images that calibrated the batch normalisations.
"""
import pathlib, tempfile

import onnx, torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

HERE = pathlib.Path(__file__).parent


class Crowd(CalibrationDataReader):
    def __init__(self):
        images = torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(0)).numpy()  # as in make_models.py
        self.batches = iter([{"input": images[i:i + 8]} for i in range(0, 64, 8)])

    def get_next(self):
        return next(self.batches, None)


for name, per_channel in (("mobilenet_v2_13", True), ("resnet_basic_11", False)):  # by channel from operator set 13 on
    for form, fmt in (("qdq", QuantFormat.QDQ), ("qlinear", QuantFormat.QOperator)):
        with tempfile.TemporaryDirectory() as tmp:
            ready = f"{tmp}/ready.onnx"
            quant_pre_process(str(HERE / f"{name}.onnx"), ready, skip_symbolic_shape=True)
            target = HERE / f"{name}_{form}.onnx"
            quantize_static(ready, str(target), Crowd(), quant_format=fmt, per_channel=per_channel, weight_type=QuantType.QInt8)
        model = onnx.load(target)
        del model.metadata_props[:]
        onnx.save(model, target)
        ops = {n.op_type for n in model.graph.node}
        print(target.name, target.stat().st_size, sorted(ops))
