#!/usr/bin/env python3
"""Makes the tiny networks of backbone's tests and torch's own features beside them.

    python make_models.py        (in this folder; torch, torchvision, onnx, onnxscript)

Every network is a torchvision class with few and narrow layers and random weights, exported as users export
theirs: through the TorchScript exporter or the dynamo exporter, with operator sets 11 to 18, a static or dynamic
batch, with or without Softmax behind the classifier. A forward hook notes what enters the last classifier for the
images of images.npy; features.json holds it with the versions that made it. The weights are random, so nothing
here has an origin but this script.
"""
import functools, json, pathlib, warnings

import numpy, onnx, torch, torchvision
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision.models import convnext, densenet, efficientnet, mobilenetv2, mobilenetv3, resnet, shufflenetv2, squeezenet, vgg

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
SIDE, BATCH = 32, 3


class TinyResNet(resnet.ResNet):
    """A ResNet with a sixteenth of the width behind its stem."""

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        return super()._make_layer(block, planes // 16, blocks, stride, dilate)


def tiny_resnet(block):
    net = TinyResNet(block, [1, 1, 1, 1], num_classes=10)
    net.fc = nn.Linear(32 * block.expansion, 10)
    return net


def mobilenet_v3():
    conf = functools.partial(mobilenetv3.InvertedResidualConfig, width_mult=1.0)
    settings = [conf(8, 3, 8, 8, True, "RE", 2, 1), conf(8, 3, 24, 16, False, "RE", 2, 1), conf(16, 5, 32, 16, True, "HS", 1, 1)]
    return mobilenetv3.MobileNetV3(settings, last_channel=40, num_classes=10)


def mobilenet_v2():
    net = mobilenetv2.MobileNetV2(10, 0.1, [[1, 16, 1, 1], [6, 24, 1, 2]], 8)
    net.features[-1] = mobilenetv2.Conv2dNormActivation(8, 72, kernel_size=1, activation_layer=nn.ReLU6)
    net.classifier[-1] = nn.Linear(72, 10)
    return net


def efficient():
    conf = efficientnet.MBConvConfig
    return efficientnet.EfficientNet([conf(1, 3, 1, 8, 8, 1, 1.0, 1.0), conf(4, 5, 2, 8, 16, 2, 1.0, 1.0)], dropout=0.2, num_classes=10, last_channel=48)


def vgg_like():
    net = vgg.VGG(vgg.make_layers([8, "M", 16, "M", 16, "M"], batch_norm=True), num_classes=10)
    net.avgpool = nn.AdaptiveAvgPool2d((2, 2))
    net.classifier = nn.Sequential(nn.Linear(16 * 4, 32), nn.ReLU(True), nn.Dropout(), nn.Linear(32, 24), nn.ReLU(True), nn.Dropout(), nn.Linear(24, 10))
    return net


def squeeze():
    net = squeezenet.SqueezeNet(num_classes=10)
    net.features = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(True), squeezenet.Fire(16, 4, 12, 12))
    net.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(24, 10, 1), nn.ReLU(True), nn.AdaptiveAvgPool2d(1))
    return net


class TokenClassifier(nn.Module):
    """Patches, a layer of attention-free mixing, mean over tokens, LayerNorm, MatMul + Add without Gemm."""

    def __init__(self):
        super().__init__()
        self.patch, self.mix, self.norm = nn.Conv2d(3, 24, 8, 8), nn.Linear(24, 24), nn.LayerNorm(24)
        self.weight, self.bias = nn.Parameter(torch.randn(24, 10)), nn.Parameter(torch.randn(10))

    def forward(self, x):
        t = self.patch(x).flatten(2).transpose(1, 2)
        return self.norm((t + self.mix(t).relu()).mean(1)) @ self.weight + self.bias


class Embedding(nn.Module):
    """A face network's end: a linear layer to 64 numbers and a batch normalisation, no classifier."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.PReLU(8), nn.MaxPool2d(3), nn.Flatten(), nn.Linear(8 * 5 * 5, 64), nn.BatchNorm1d(64))

    def forward(self, x):
        return self.body(x)


class Odd(nn.Module):
    """An operator (DepthToSpace) behind which shapes aren't known without a run, and a tensor of channels × batch."""

    def __init__(self):
        super().__init__()
        self.conv, self.shuffle, self.fc = nn.Conv2d(3, 24, 3, 2), nn.PixelShuffle(2), nn.Linear(6, 10)

    def forward(self, x):
        x = self.shuffle(self.conv(x)).relu()
        x = x.transpose(0, 1).tanh().transpose(0, 1)
        return self.fc(x.mean((2, 3)))


class TwoHeads(nn.Module):
    """Age and gender from one feature."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 12, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.age, self.gender = nn.Linear(12, 8), nn.Linear(12, 2)

    def forward(self, x):
        f = self.body(x)
        return self.age(f).softmax(1), self.gender(f)


class Channels(nn.Module):
    """A network of TensorFlow's kind: N×H×W×3, pixels 0 to 255, normalisation inside."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x.float().permute(0, 3, 1, 2) / 127.5 - 1)


def classifiers(net):
    """The layer whose input is the feature: the last Linear, or the last Conv2d where there is none."""
    linear = [m for m in net.modules() if isinstance(m, nn.Linear)]
    return linear[-1] if linear else [m for m in net.modules() if isinstance(m, nn.Conv2d)][-1]


def calibrate(net, images):
    """Gives the batch normalisations the statistics of the images, so that features keep a sane scale."""
    net.train()
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.momentum = None
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    with torch.no_grad():
        net(images)
    return net.eval()


def feature(net, images):
    if isinstance(net, Embedding):
        with torch.no_grad():
            return net(images)
    box = {}
    layer = net.norm if isinstance(net, TokenClassifier) else classifiers(net)
    def note(m, args, out):
        box["x"] = out if isinstance(net, TokenClassifier) else args[0]
    handle = layer.register_forward_hook(note)
    with torch.no_grad():
        net(images)
    handle.remove()
    x = box["x"].detach()
    return x.mean((2, 3)) if x.dim() == 4 else x


def export(net, images, path, exporter, opset, dynamic, outputs):
    names = dict(input_names=["input"], output_names=outputs)
    if exporter == "torchscript":
        axes = {n: {0: "batch"} for n in ["input"] + outputs} if dynamic else None
        if dynamic == "size":
            axes["input"] |= {2: "height", 3: "width"}
        torch.onnx.export(net, (images,), path, dynamo=False, opset_version=opset, dynamic_axes=axes, **names)
    else:
        shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
        torch.onnx.export(net, (images,), path, dynamo=True, opset_version=opset, dynamic_shapes=shapes, external_data=False, verbose=False, **names)
    model = onnx.load(path)
    for n in model.graph.node:
        del n.metadata_props[:]  # the exporter's stack traces, with paths of its machine
        n.doc_string = ""
    del model.metadata_props[:], model.graph.metadata_props[:]
    for v in list(model.graph.value_info) + list(model.graph.input) + list(model.graph.output):
        del v.metadata_props[:]
    for t in model.graph.initializer:
        del t.metadata_props[:]
        t.doc_string = ""
    onnx.save(model, path)


CASES = [
    # name, network, exporter, opset, dynamic batch, what stands behind the classifier
    ("resnet_basic_11", lambda: tiny_resnet(resnet.BasicBlock), "torchscript", 11, True, None),
    ("resnet_bottleneck_17_softmax", lambda: tiny_resnet(resnet.Bottleneck), "torchscript", 17, False, nn.Softmax(1)),
    ("resnet_basic_dynamo", lambda: tiny_resnet(resnet.BasicBlock), "dynamo", 18, True, nn.LogSoftmax(1)),
    ("mobilenet_v2_13", mobilenet_v2, "torchscript", 13, True, None),
    ("mobilenet_v3_14_sigmoid", mobilenet_v3, "torchscript", 14, True, nn.Sigmoid()),
    ("mobilenet_v3_dynamo", mobilenet_v3, "dynamo", 18, False, None),
    ("efficientnet_15", efficient, "torchscript", 15, True, nn.LogSoftmax(1)),
    ("efficientnet_dynamo", efficient, "dynamo", 18, True, nn.Softmax(1)),
    ("densenet_12", lambda: densenet.DenseNet(4, (2, 1, 1, 1), 8, num_classes=10), "torchscript", 12, True, nn.Softmax(1)),
    ("densenet_dynamo", lambda: densenet.DenseNet(4, (2, 1, 1, 1), 8, num_classes=10), "dynamo", 18, True, None),
    ("shufflenet_16", lambda: shufflenetv2.ShuffleNetV2([2, 1, 1], [8, 16, 24, 32, 64], num_classes=10), "torchscript", 16, True, None),
    ("shufflenet_dynamo", lambda: shufflenetv2.ShuffleNetV2([2, 1, 1], [8, 16, 24, 32, 64], num_classes=10), "dynamo", 18, True, None),
    ("vgg_18", vgg_like, "torchscript", 18, True, nn.Softmax(1)),
    ("squeezenet_11", squeeze, "torchscript", 11, "size", None),
    ("odd_13", Odd, "torchscript", 13, True, None),
    ("tokens_17", TokenClassifier, "torchscript", 17, True, None),
    ("embedding_batch1_9", Embedding, "torchscript", 9, "one", None),
    ("two_heads_13", TwoHeads, "torchscript", 13, True, None),
]


def main():
    crowd = torch.randn(64, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))  # enough to calibrate with
    images = crowd[:BATCH]
    numpy.save(HERE / "images.npy", images.flatten(1).numpy())  # a row an image
    table = {"made_with": {m.__name__: m.__version__ for m in (torch, torchvision, onnx, numpy)}, "models": {}}

    def note(name, rows):
        table["models"][name] = [[float(f"{v:.9g}") for v in row] for row in rows.tolist()]

    for i, (name, make, exporter, opset, dynamic, behind) in enumerate(CASES):
        torch.manual_seed(i)
        net = calibrate(make(), crowd)
        rows = feature(net, images)
        outputs = ["age", "gender"] if name.startswith("two") else ["output"]
        whole = nn.Sequential(net, behind).eval() if behind else net
        fed = images[:1] if dynamic == "one" else images[:2]
        export(whole, fed, str(HERE / f"{name}.onnx"), exporter, opset, dynamic != "one" and dynamic, outputs)
        note(name, rows)
        print(name, tuple(rows.shape))

    # Channels last and uint8, as TensorFlow's networks take them; images_nhwc.npy holds the bytes as float32.
    bytes_ = (crowd.permute(0, 2, 3, 1) * 40 + 128).clamp(0, 255).to(torch.uint8)
    pixels = bytes_[:BATCH]
    numpy.save(HERE / "images_nhwc.npy", pixels.float().flatten(1).numpy())
    torch.manual_seed(99)
    net = Channels(calibrate(mobilenet_v2(), bytes_.permute(0, 3, 1, 2) / 127.5 - 1)).eval()
    note("nhwc_uint8_13", feature(net, pixels))
    export(net, pixels[:2], str(HERE / "nhwc_uint8_13.onnx"), "torchscript", 13, True, ["output"])

    # The first ResNet in half precision, and with its weights in a file beside it.
    (HERE / "resnet_external.weights").unlink(missing_ok=True)
    half(HERE / "resnet_basic_11.onnx", HERE / "resnet_half.onnx")
    onnx.save(onnx.load(HERE / "resnet_basic_11.onnx"), HERE / "resnet_external.onnx", save_as_external_data=True,
              location="resnet_external.weights", size_threshold=256)
    (HERE / "resnet_external.weights").chmod(0o644)
    (HERE / "features.json").write_text(json.dumps(table) + "\n")


def half(source, target):
    model = onnx.load(source)
    g = model.graph
    for t in g.initializer:
        if t.data_type == TensorProto.FLOAT:
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(numpy.float16), t.name))
    for v in list(g.input) + list(g.output) + list(g.value_info):
        v.type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.save(model, target)


if __name__ == "__main__":
    main()
