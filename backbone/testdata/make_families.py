#!/usr/bin/env python3
"""Makes the tiny networks of the families that make_models.py leaves out, and the framework's own features beside them.

    python make_families.py        (in this folder, after make_models.py; torch, torchvision, onnx, onnxscript, onnxruntime)

Every network has random weights, so nothing here has an origin but this script. families.json holds, for each file and
each way to tap it, the rows that torch computes with forward hooks: the input of the classifier, and for `multi` and
grids the outputs of the named modules, averaged by torch's AdaptiveAvgPool2d.
"""
import functools, json, pathlib, sys, warnings

import numpy, onnx, torch, torchvision
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d
from torchvision.models import convnext, maxvit, mnasnet, regnet, resnet, swin_transformer, vision_transformer

from make_models import BATCH, HERE, SIDE, calibrate, classifiers, efficient, export, mobilenet_v2, mobilenet_v3, squeeze, tiny_resnet, TinyResNet, vgg_like

warnings.filterwarnings("ignore")


class TinyResNeXt(TinyResNet):
    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        return super()._make_layer(block, planes // 2, blocks, stride, dilate)


def resnext():
    net = TinyResNeXt(resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, groups=2, width_per_group=32)
    net.fc = nn.Linear(64, 10)
    return net


def convnext_tiny():
    conf = convnext.CNBlockConfig
    return convnext.ConvNeXt([conf(8, 16, 1), conf(16, 24, 1), conf(24, None, 2)], layer_scale=0.5, num_classes=10)


def regnet_y():
    params = regnet.BlockParams(depths=[1, 1, 2], widths=[8, 16, 24], group_widths=[8, 8, 8], bottleneck_multipliers=[1.0] * 3, strides=[2] * 3, se_ratio=0.25)
    return regnet.RegNet(params, num_classes=10, stem_width=8)


def mnas():
    net = mnasnet.MNASNet(0.1, num_classes=10, dropout=0.2)
    few = net.layers[:10]  # the stem and two stacks of blocks
    net.layers, net.classifier[1] = nn.Sequential(*few, nn.Conv2d(8, 40, 1, bias=False), nn.BatchNorm2d(40), nn.ReLU()), nn.Linear(40, 10)
    return net


def vit():
    net = vision_transformer.VisionTransformer(SIDE, 8, num_layers=4, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=10)
    nn.init.normal_(net.heads.head.weight)
    return net


def swin(version):
    block, merge = (swin_transformer.SwinTransformerBlock, swin_transformer.PatchMerging) if version == 1 else (
        swin_transformer.SwinTransformerBlockV2, swin_transformer.PatchMergingV2)
    return swin_transformer.SwinTransformer([4, 4], 8, [2, 1], [2, 2], [4, 4], num_classes=10, block=block, downsample_layer=merge)


def max_vit():
    return maxvit.MaxVit((SIDE, SIDE), 8, 2, [8, 16], [1, 1], 4, 0.0, num_classes=10)


class Blocks(nn.Module):
    """A transformer of timm's kind: class token, position, pre-norm blocks of attention, a norm at the end."""

    def __init__(self, width=16, registers=0):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, 8)
        self.prefix = nn.Parameter(torch.randn(1, 1 + registers, width) * 0.5)
        self.position = nn.Parameter(torch.randn(1, 16, width) * 0.5)
        layer = functools.partial(nn.TransformerEncoderLayer, width, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers, self.norm = nn.ModuleList([layer(), layer()]), nn.LayerNorm(width)

    def forward(self, x):
        t = self.patch(x).flatten(2).transpose(1, 2) + self.position
        t = torch.cat([self.prefix.expand(x.shape[0], -1, -1), t], 1)
        for layer in self.layers:
            t = layer(t)
        return self.norm(t)


class TimmToken(nn.Module):
    """The class token behind a norm, then the classifier."""

    def __init__(self):
        super().__init__()
        self.body, self.drop, self.head = Blocks(), nn.Dropout(0.1), nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.drop(self.body(x)[:, 0]))


class TimmPool(nn.Module):
    """A map, averaged, normalised and activated before the classifier: all of that is in the feature."""

    def __init__(self):
        super().__init__()
        self.conv, self.act, self.norm = nn.Conv2d(3, 24, 5, 3), nn.SiLU(), nn.LayerNorm(24)
        self.pre, self.head = nn.Sequential(nn.Linear(24, 20), nn.Hardswish()), nn.Linear(20, 10)

    def forward(self, x):
        return self.head(self.pre(self.norm(self.act(self.conv(x)).mean((2, 3)))))


class Clip(nn.Module):
    """An image tower: class token, norm, projection without bias, and length one."""

    def __init__(self, unit):
        super().__init__()
        self.body, self.unit, self.proj = Blocks(), unit, nn.Parameter(torch.randn(16, 64) / 4)

    def forward(self, x):
        e = self.body(x)[:, 0] @ self.proj
        return e / e.norm(dim=-1, keepdim=True) if self.unit else e


class Dino(nn.Module):
    """Class token and tokens, as transformers' exports name them."""

    def __init__(self):
        super().__init__()
        self.body = Blocks(registers=4)

    def forward(self, x):
        t = self.body(x)
        return t, t[:, 0]


class DinoPatches(nn.Module):
    """The mean of the tokens of patches."""

    def __init__(self):
        super().__init__()
        self.body = Blocks()

    def forward(self, x):
        return self.body(x)[:, 1:].mean(1)


class Faces(nn.Module):
    """Age, gender and an embedding from one network."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 12, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.embed, self.age, self.gender = nn.Linear(12, 20), nn.Linear(20, 1), nn.Linear(20, 2)

    def forward(self, x):
        e = self.embed(self.body(x))
        return self.age(e.relu()), self.gender(e.relu()).softmax(1), e


class Keras(nn.Module):
    """TensorFlow's form: N×H×W×3 float with pixels from 0 to 255, channels last around the mean."""

    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Sequential(nn.Conv2d(3, 12, 3, 2), nn.ReLU6()), nn.Linear(12, 10)

    def forward(self, x):
        m = self.body((x / 127.5 - 1).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return self.fc(m.mean((1, 2))).softmax(1)


def hooked(net, modules, images):
    """What the modules give, and what enters the classifier ("" among them)."""
    box, handles = {}, []
    for name in modules:
        if name == "":
            handles.append(classifiers(net).register_forward_hook(lambda m, a, o: box.__setitem__("", a[0])))
        else:
            handles.append(net.get_submodule(name).register_forward_hook(lambda m, a, o, n=name: box.__setitem__(n, o)))
    with torch.no_grad():
        out = net(images)
    for h in handles:
        h.remove()
    box["output"] = out
    return box


def rows(box, blocks):
    """The row of a list of (module, layout of its output, grids). Layouts: row, map (N×C×H×W), last (N×H×W×C), tokensP (N×T×D,
    of which P stand for no place and are in no mean; with "+" the first of them, the class token, stands before it)."""
    parts = []
    for name, layout, grids in blocks:
        x = box[name]
        for g in grids:
            if layout == "row":
                parts.append(x.flatten(1))
            elif layout.startswith("tokens"):
                prefix = int(layout[6:].rstrip("+") or 0)
                if g == 1:
                    if layout.endswith("+"):
                        parts.append(x[:, 0])
                    parts.append(x[:, prefix:].mean(1))
                else:
                    side = round((x.shape[1] - prefix) ** 0.5)
                    m = x[:, prefix:].transpose(1, 2).unflatten(2, (side, side))
                    parts.append(adaptive_avg_pool2d(m, g).permute(0, 2, 3, 1).flatten(1))
            else:
                m = x if layout == "map" else x.permute(0, 3, 1, 2)
                parts.append(adaptive_avg_pool2d(m, g).permute(0, 2, 3, 1).flatten(1))
    return torch.cat(parts, 1)


LAST = {("", ""): [("", "row", [1])]}


def multi(*maps, last="row", layout="map"):
    """The taps of `multi` without and with a grid: maps, then what enters the classifier. A map marked with "=" is the
    one whose mean is the feature: it adds its grid only."""
    plain = [(m, layout, [1]) for m in maps if not m.startswith("=")] + [("", last, [1])]
    fine = [(m.lstrip("="), layout, [3] if m.startswith("=") else [1, 3]) for m in maps] + [("", last, [1])]
    return LAST | {("multi", ""): plain, ("multi", "1,3"): fine}


CASES = [
    # name, network, exporter, opset, dynamic batch, outputs, {(tap, pool): blocks}
    ("resnext_9", resnext, "torchscript", 9, True, ["output"], multi("layer1.0", "layer2.0", "layer2.1", "layer3.0")),
    ("resnext_dynamo_20", resnext, "dynamo", 20, True, ["output"], multi("layer1.0", "layer2.0", "layer2.1", "layer3.0")),
    ("convnext_10", convnext_tiny, "torchscript", 10, True, ["output"], multi("features.1.0", "features.3.0", "features.5.0", "features.5.1")),
    ("convnext_dynamo_18", convnext_tiny, "dynamo", 18, True, ["output"], multi("features.1.0", "features.3.0", "features.5.0", "features.5.1")),
    ("regnet_12", regnet_y, "torchscript", 12, False, ["output"], multi("trunk_output.block1.block1-0", "trunk_output.block2.block2-0", "trunk_output.block3.block3-0", "=trunk_output.block3.block3-1")),
    ("regnet_dynamo_21", regnet_y, "dynamo", 21, True, ["output"], LAST),
    ("mnasnet_14", mnas, "torchscript", 14, True, ["output"], LAST),
    ("mnasnet_dynamo_19", mnas, "dynamo", 19, True, ["output"], LAST),
    ("vit_14", vit, "torchscript", 14, True, ["output"], LAST | {
        ("multi", ""): [(f"encoder.layers.encoder_layer_{i}", "tokens1", [1]) for i in range(4)] + [("", "row", [1])],
        ("multi", "1,3"): [(f"encoder.layers.encoder_layer_{i}", "tokens1", [1, 3]) for i in range(4)] + [("", "row", [1])],
        ("", "1,3"): [("encoder", "tokens1", [3]), ("", "row", [1])]}),
    ("vit_dynamo_22", vit, "dynamo", 22, True, ["output"], LAST),
    ("swin_16", lambda: swin(1), "torchscript", 16, True, ["output"], multi("features.1.0", "features.1.1", "features.3.0", layout="last")),
    ("swin_v2_17", lambda: swin(2), "torchscript", 17, False, ["output"], LAST),
    ("swin_dynamo_23", lambda: swin(1), "dynamo", 23, True, ["output"], LAST),
    ("maxvit_15", max_vit, "torchscript", 15, False, ["output"], LAST),
    ("maxvit_dynamo_18", max_vit, "dynamo", 18, True, ["output"], LAST),
    ("vgg_dynamo_18", vgg_like, "dynamo", 18, True, ["output"], LAST),
    ("mobilenet_v2_dynamo_23", mobilenet_v2, "dynamo", 23, True, ["output"], LAST),
    ("squeezenet_size_9", squeeze, "torchscript", 9, "size", ["output"], {
        ("", ""): [("", "map", [1])], ("", "1,3"): [("", "map", [1, 3])], ("", "3,2"): [("", "map", [3, 2])]}),
    ("timm_token_17", TimmToken, "torchscript", 17, True, ["output"], LAST | {("", "1,2"): [("body", "tokens1", [2]), ("", "row", [1])]}),
    ("timm_pool_dynamo_18", TimmPool, "dynamo", 18, True, ["output"], LAST | {("", "3"): [("act", "map", [3])]}),
    ("clip_14", lambda: Clip(False), "torchscript", 14, True, ["output"], {("", ""): [("output", "row", [1])]}),
    ("clip_unit_dynamo_18", lambda: Clip(True), "dynamo", 18, True, ["image_embeds"], {("", ""): [("output", "row", [1])]}),
    ("dino_16", Dino, "torchscript", 16, True, ["last_hidden_state", "pooler_output"], {
        ("", ""): [("token", "row", [1])], ("last_hidden_state", "1,4"): [("tokens", "tokens5+", [1, 4])], ("last_hidden_state", ""): [("tokens", "tokens5+", [1])]}),
    ("dino_patches_15", DinoPatches, "torchscript", 15, True, ["output"], {("", ""): [("output", "row", [1])]}),
    ("faces_13", Faces, "torchscript", 13, True, ["age", "gender", "embedding"], {("", ""): [("embedding", "row", [1])]}),
    ("keras_13", Keras, "torchscript", 13, True, ["output"], LAST | {("", "1,3"): [("body", "map", [3]), ("", "row", [1])]}),
    ("static_batch4_11", mobilenet_v2, "torchscript", 11, "four", ["output"], LAST),
]


def main():
    only = sys.argv[1:]
    crowd = torch.randn(64, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))  # as in make_models.py
    pixels = (crowd.permute(0, 2, 3, 1) * 40 + 128).clamp(0, 255).to(torch.uint8).float()
    table = {"made_with": {m.__name__: m.__version__ for m in (torch, torchvision, onnx, numpy)}, "models": {}}
    for i, (name, make, exporter, opset, dynamic, outputs, taps) in enumerate(CASES):
        if only and name not in only:
            continue
        torch.manual_seed(1000 + i)
        many = pixels if name.startswith("keras") else crowd
        net = calibrate(make(), many)
        modules = {b[0] for blocks in taps.values() if blocks for b in blocks} - {"output", "token", "tokens", "embedding"}
        box = hooked(net, modules, many[:BATCH])
        if name.startswith("dino_16"):
            box["tokens"], box["token"] = box["output"]
        if name.startswith("faces"):
            box["embedding"] = box["output"][2]
        fed = many[: {"one": 1, "four": 4}.get(dynamic, 2)]
        export(net, fed, str(HERE / f"{name}.onnx"), exporter, opset, dynamic not in ("one", "four") and dynamic, outputs)
        if (got := onnx.load(HERE / f"{name}.onnx").opset_import[0].version) != opset:
            print("!!", name, "has opset", got)
        table["models"][name] = [
            {"tap": tap, "pool": pool, "rows": [[float(f"{v:.6g}") for v in row] for row in rows(box, blocks).tolist()]}
            for (tap, pool), blocks in taps.items() if blocks]
        print(name, [(t, p, len(r["rows"][0])) for ((t, p), r) in zip([k for k in taps if taps[k]], table["models"][name])])
    if not only:
        (HERE / "families.json").write_text(json.dumps(table) + "\n")


if __name__ == "__main__":
    main()
