#!/usr/bin/env python3
"""Makes tiny networks of timm's and transformers' own code, exported as users export them, and the features beside them.

    python make_libraries.py [NAME…]   (in this folder, after make_models.py; torch, timm, transformers, onnx, onnxscript)

With names, only these are made anew, and the rows of the others stay.

Only the sizes are ours; the weights are random, so nothing here has an origin but this script and those libraries' code.
libraries.json is of the form of families.json. The rows are what the libraries give: forward_head with pre_logits of timm,
the named output of transformers, what hooks see before the linear layers that answer elsewhere.
"""
import json, sys, warnings

import numpy, onnx, timm, torch, transformers
from timm.models import convnext, deit, efficientnet, efficientvit_msra, eva, nfnet, resnet, swin_transformer, vision_transformer
from torch import nn

from make_families import multi, rows
from make_models import BATCH, HERE, SIDE, calibrate, classifiers, export

warnings.filterwarnings("ignore")
T = dict(img_size=SIDE, patch_size=8, embed_dim=16, depth=2, num_heads=2, mlp_ratio=2, num_classes=10)
H = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=SIDE, patch_size=8)
DINO = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=SIDE, patch_size=8)


class Picked(nn.Module):
    """A network of transformers with some of its outputs."""

    def __init__(self, net, outputs):
        super().__init__()
        self.net, self.outputs = net, outputs

    def forward(self, x):
        answer = self.net(pixel_values=x)
        return tuple(answer[o] for o in self.outputs)


# name: (network, exporter, opset, outputs, what is taken). What is taken: "timm" for forward_head, an output with the layout that
# make_families knows, "heads" for what enters each linear layer that answers, or make_families' table of blocks.
CASES = {
    "timm_resnet_13": (lambda: resnet.ResNet(resnet.BasicBlock, [1, 1, 1, 1], channels=(8, 8, 16, 16), stem_width=8, num_classes=10), "torchscript", 13, ["output"], "timm"),
    "timm_convnext_15": (lambda: convnext.ConvNeXt(depths=(1, 1, 1, 1), dims=(8, 8, 16, 16), num_classes=10), "torchscript", 15, ["output"], "timm"),
    "timm_nfnet_16": (lambda: nfnet.NormFreeNet(nfnet.NfCfg(depths=(1, 1, 1, 1), channels=(8, 8, 16, 16), stem_type="3x3", stem_chs=8, group_size=8, bottle_ratio=0.5), num_classes=10), "torchscript", 16, ["output"], "timm"),
    "timm_vit_token_17": (lambda: vision_transformer.VisionTransformer(**T), "torchscript", 17, ["output"], "timm"),
    "timm_vit_mean_registers_dynamo_18": (lambda: vision_transformer.VisionTransformer(**T, global_pool="avg", reg_tokens=4), "dynamo", 18, ["output"], "timm"),
    "timm_deit_distilled_14": (lambda: deit.VisionTransformerDistilled(**T), "torchscript", 14, ["output"], "heads"),
    "timm_eva_dynamo_18": (lambda: eva.Eva(**T, use_rot_pos_emb=True, swiglu_mlp=True), "dynamo", 18, ["output"], "timm"),
    "timm_swin_17": (lambda: swin_transformer.SwinTransformer(SIDE, 4, embed_dim=8, depths=(1, 1), num_heads=(1, 2), window_size=4, num_classes=10), "torchscript", 17, ["output"], "timm"),
    "clip_projection_dynamo_18": (lambda: transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**H, projection_dim=24)), "dynamo", 18, ["image_embeds", "last_hidden_state"], ("image_embeds", "row")),
    "clip_vision_14": (lambda: transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**H)), "torchscript", 14, ["last_hidden_state", "pooler_output"], ("pooler_output", "row")),
    "siglip_16": (lambda: transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**H)), "torchscript", 16, ["last_hidden_state", "pooler_output"], ("pooler_output", "row")),
    "dinov2_tokens_16": (lambda: transformers.Dinov2Model(transformers.Dinov2Config(**DINO)), "torchscript", 16, ["last_hidden_state"], ("last_hidden_state", "tokens1+")),
    "dinov2_registers_dynamo_18": (lambda: transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**DINO)), "dynamo", 18, ["last_hidden_state"], ("last_hidden_state", "tokens5+")),
    "dinov2_classes_17": (lambda: transformers.Dinov2ForImageClassification(transformers.Dinov2Config(**DINO, num_labels=5)), "torchscript", 17, ["logits"], "heads"),
    "vit_classes_14": (lambda: transformers.ViTForImageClassification(transformers.ViTConfig(**H, num_labels=5)), "torchscript", 14, ["logits"], "heads"),
    "deit_teacher_15": (lambda: transformers.DeiTForImageClassificationWithTeacher(transformers.DeiTConfig(**H, num_labels=5)), "torchscript", 15, ["logits", "cls_logits", "distillation_logits"], "heads"),
    "beit_17": (lambda: transformers.BeitForImageClassification(transformers.BeitConfig(**H, num_labels=5)), "torchscript", 17, ["logits"], "heads"),
    "convnextv2_16": (lambda: transformers.ConvNextV2ForImageClassification(transformers.ConvNextV2Config(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], image_size=SIDE, num_labels=5)), "torchscript", 16, ["logits"], "heads"),
    # Padding as TensorFlow has it, which the graph computes from shapes in floating-point numbers.
    "timm_efficientnetv2_same_17": (lambda: efficientnet.EfficientNet(efficientnet.decode_arch_def(
        [["cn_r1_k3_s1_e1_c8_skip"], ["er_r2_k3_s2_e2_c16"], ["ir_r2_k5_s2_e2_c16_se0.25"], ["ir_r3_k3_s2_e2_c24_se0.25"]]), 10, 32, stem_size=8, pad_type="same"),
        "torchscript", 17, ["output"], multi("blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.1", "blocks.3.2")),
    # Its classifier begins with a normalisation, which stays in the feature although pre_logits of timm is what enters it.
    "timm_efficientvit_17": (lambda: efficientvit_msra.EfficientVitMsra(64, num_classes=10, embed_dim=(16, 32), key_dim=(8, 8), depth=(1, 1), num_heads=(2, 2),
        window_size=(2, 2), kernels=(3, 3), down_ops=(("", 1), ("subsample", 2))), "torchscript", 17, ["output"], "heads"),
}


def shake(net):
    """Random weights of a size at which images differ: libraries begin with tiny ones and with zeros."""
    for p in net.parameters():
        if p.dim() > 1 or not p.any():
            nn.init.normal_(p, std=0.2)
    return net


def heads(net, run):
    """What enters each linear layer that answers."""
    seen, width = [], classifiers(net).out_features
    handles = [m.register_forward_hook(lambda m, a, o: seen.append(a[0])) for m in net.modules() if isinstance(m, nn.Linear) and m.out_features == width]
    run()
    for h in handles:
        h.remove()
    return torch.cat(seen, 1)


def hooked(net, run, table):
    """Rows of a table of make_families, by (tap, pool)."""
    box = {}
    names = {name for blocks in table.values() for name, _, _ in blocks if name}
    handles = [net.get_submodule(name).register_forward_hook(lambda m, a, o, name=name: box.__setitem__(name, o)) for name in names]
    box[""] = heads(net, run)
    for h in handles:
        h.remove()
    return {way: rows(box, blocks) for way, blocks in table.items()}


def main():
    only = sys.argv[1:]
    crowd = torch.randn(64, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))  # as in make_models.py
    images = crowd[:BATCH]
    table = {"made_with": {m.__name__: m.__version__ for m in (torch, timm, transformers, onnx, numpy)}, "models": {}}
    for i, (name, (make, exporter, opset, outputs, taken)) in enumerate(CASES.items()):
        if only and name not in only:
            continue
        torch.manual_seed(2000 + i)
        net = calibrate(shake(make()), crowd) if name.startswith("timm") else shake(make()).eval()
        whole = net if name.startswith("timm") else Picked(net, outputs)
        with torch.no_grad():
            if isinstance(taken, dict):
                ways = hooked(net, lambda: whole(images), taken)
            elif taken == "timm":
                row = net.forward_head(net.forward_features(images), pre_logits=True)
            elif taken == "heads":
                row = heads(net, lambda: whole(images))
            else:
                output, layout = taken
                row = rows({output: net(pixel_values=images)[output]}, [(output, layout, [1])])
        ways = ways if isinstance(taken, dict) else {("", ""): row}
        export(whole, images[:2], str(HERE / f"{name}.onnx"), exporter, opset, True, outputs)
        table["models"][name] = [{"tap": tap, "pool": pool, "rows": [[float(f"{v:.6g}") for v in r] for r in row.tolist()]} for (tap, pool), row in ways.items()]
        print(name, tuple(ways["", ""].shape), (HERE / f"{name}.onnx").stat().st_size, flush=True)
    if only:
        table["models"] = json.loads((HERE / "libraries.json").read_text())["models"] | table["models"]
    (HERE / "libraries.json").write_text(json.dumps(table) + "\n")


if __name__ == "__main__":
    main()
