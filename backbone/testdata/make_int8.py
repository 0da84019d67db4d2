#!/usr/bin/env python3
"""Quantises some networks with ONNX Runtime's own quantiser, as the reference of TestInt8Reference.

    python make_int8.py        (in this folder; onnx, onnxruntime, numpy)

Each network is cut at its feature, prepared (BatchNormalization folded, as finetune does) and quantised: QDQ, weights by channel in int8, activations in
uint8, ranges by minimum and maximum, the quantiser's defaults but for that. int8.json has the mean cosine of the features with those
of float32 over the checked images. The images are noise by a formula that the test has, too.
"""
import json, pathlib, tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

HERE = pathlib.Path(__file__).parent
CALIBRATION, CHECK = 48, 16

NETWORKS = {
    "mobilenet_v2_13": "/Flatten_output_0",
    "resnet_bottleneck_17_softmax": "/0/Flatten_output_0",
    "efficientnet_15": "/0/Flatten_output_0",
    "mnasnet_14": "/ReduceMean_output_0",
    "timm_resnet_13": "/global_pool/flatten/Flatten_output_0",
    "shufflenet_16": "/ReduceMean_output_0",
}


def image(number):
    """Noise from −2 to 2, by a hash of each number's place."""
    place = np.arange(3 * 32 * 32, dtype=np.uint64) + np.uint64(number * 3 * 32 * 32)
    h = (place * np.uint64(2654435761) + np.uint64(12345)) & np.uint64(0xFFFFFFFF)
    h = ((h ^ (h >> np.uint64(15))) * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(13)
    return (h.astype(np.float64) / 2**32 * 4 - 2).astype(np.float32).reshape(1, 3, 32, 32)


def fed(batch, number):
    return np.repeat(image(number), batch, axis=0)


class Crowd(CalibrationDataReader):
    def __init__(self, name, batch):
        self.images = iter([{name: fed(batch, i)} for i in range(CALIBRATION)])

    def get_next(self):
        return next(self.images, None)


def features(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    batch = source.shape[0] if isinstance(source.shape[0], int) else 1
    rows = [session.run(None, {source.name: fed(batch, CALIBRATION + i)})[0][:1].reshape(1, -1) for i in range(CHECK)]
    return np.concatenate(rows).astype(np.float64)


def main():
    out = {}
    for name, tap in NETWORKS.items():
        with tempfile.TemporaryDirectory() as tmp:
            cut, ready, low = f"{tmp}/cut.onnx", f"{tmp}/ready.onnx", f"{tmp}/int8.onnx"
            model = onnx.load(HERE / f"{name}.onnx")
            source, batch = model.graph.input[0].name, max(1, model.graph.input[0].type.tensor_type.shape.dim[0].dim_value)
            onnx.utils.extract_model(str(HERE / f"{name}.onnx"), cut, [source], [tap])
            quant_pre_process(cut, ready, skip_symbolic_shape=True)
            quantize_static(ready, low, Crowd(source, batch), quant_format=QuantFormat.QDQ, per_channel=True,
                            weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8)
            a, b = features(cut), features(low)
            cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
            out[name] = {"tap": tap, "cosine": round(float(cosine.mean()), 6)}
            print(name, out[name])
    (HERE / "int8.json").write_text(json.dumps({"onnxruntime": onnxruntime.__version__, "networks": out}, indent=1) + "\n")


main()
