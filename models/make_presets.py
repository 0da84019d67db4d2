"""Makes presets_table.go: the published preprocessing of common networks.

    pip install -r requirements-presets.txt
    python make_presets.py | gofmt > presets_table.go

Values come from the libraries themselves: torchvision's weight enums and timm's pretrained configurations of the
names chosen below. Nothing is downloaded; both packages carry them. Keras and the others, whose values stand in
prose or code, are written out at the end with where they stand.

A row is a name, the preset of package preprocess that it builds on (normalisation and channel order), the side of the
network's input, the side that the picture is resized to before the centre crop (equal: no margin), how it is
resized and with which filter, and the source.
"""

import contextlib
import io
import math
import re
import sys

with contextlib.redirect_stdout(io.StringIO()):  # timm remarks on missing optional packages
    import timm
    import torchvision
    from timm.models import get_pretrained_cfg, list_models

# The presets of package preprocess, by mean and standard deviation of pixels from 0 to 1.
FAMILIES = {
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)): "imagenet",
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)): "imagenet-0.5",
    ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)): "clip",
    ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)): "unit",
}

# timm has 1,300 names. These families are the ones that people export as image backbones.
TIMM = re.compile(
    r"""(
    mobilenetv[1-4]_.* | mnasnet_.* | semnasnet_.* | ghostnet(v2)?_.* | mobilevit(v2)?_.* | mobileone_.* | edgenext_.* | levit_\d+s?
  | (tf_)?efficientnet(v2)?_.* | efficientformer(v2)?_.* | fastvit_[a-z]+\d+ | repvit_.* | repvgg_.* | tiny_vit_.*
  | resnet\d+[a-z]? | resnext\d+_.* | wide_resnet.* | seresnet\d+ | seresnext\d+_.* | resnest\d+[de] | resnetv2_(50|101|152)(x\d_bit)?
  | regnet[xy]_\d+ | hrnet_w\d+ | densenet\d+ | vgg\d+(_bn)? | inception_.* | xception\d+ | nasnetalarge
  | convnext(v2)?_.* | swin(v2)?_(tiny|small|base|large)_.* | maxvit_(tiny|small|base|large)_tf_\d+ | pvt_v2_.* | poolformer_.*
  | vit_(tiny|small|base|large|huge|giant)_patch\d+_(\d+|dinov3|clip_\d+|siglip_\d+) | vit_so400m_patch\d+_siglip_\d+
  | vit_(small|base|large|giant)_patch14_(reg4_)?dinov2 | deit3?_.* | beit(v2)?_.* | eva02_.* | hiera_(tiny|small|base|large)_224
    )""",
    re.VERBOSE,
)


def torchvision_rows():
    """One row per network for its first weights; others under `network.weights`."""
    for name in torchvision.models.list_models(module=torchvision.models):
        for i, weights in enumerate(torchvision.models.get_model_weights(name)):
            t = weights.transforms()
            family = FAMILIES.get((tuple(t.mean), tuple(t.std)))
            if family is None or t.antialias is False:
                continue
            (size,), (resize,) = set(t.crop_size), set(t.resize_size)
            row = (size, resize, "shorter", t.interpolation.value, family, f"torchvision {torchvision.__version__.split('+')[0]} {weights.name}")
            if i == 0:
                yield (name, *row)
            if len(torchvision.models.get_model_weights(name)) > 1:
                yield (f"{name}.{weights.name.lower()}", *row)


def timm_rows(taken):
    """One row per network for its default weights; `network.tag` alone where torchvision has the bare name."""
    for name in list_models():
        cfg = TIMM.fullmatch(name) and get_pretrained_cfg(name)
        if not cfg or not cfg.has_weights:
            continue
        family, (_, height, width) = FAMILIES.get((tuple(cfg.mean), tuple(cfg.std))), cfg.input_size
        fit = cfg.crop_mode or "center"
        if family is None or height != width or fit not in ("center", "squash") or cfg.crop_pct > 1 or (fit == "squash" and cfg.crop_pct != 1):
            continue
        resize = math.floor(height / cfg.crop_pct)  # timm's rounding
        row = (height, resize, "shorter" if fit == "center" else "squash", cfg.interpolation, family, f"timm {timm.__version__} {cfg.tag}".strip())
        if name not in taken:
            yield (name, *row)
        elif cfg.tag:
            yield (f"{name}.{cfg.tag}", *row)


def other_rows():
    """Values that no package of data holds."""
    # EfficientNet-Lite: sizes and (v − 127)/128 in lite/efficientnet_lite_builder.py, the central 0.875 in preprocessing.py,
    # both under models/official/efficientnet of github.com/tensorflow/tpu.
    for i, size in enumerate((224, 240, 260, 280, 300)):
        yield f"efficientnet_lite{i}", size, size + round(size * (1 / 0.875 - 1)), "shorter", "bilinear", "efficientnet-lite", "tensorflow/tpu efficientnet/lite"
    # keras.applications.*.preprocess_input, keras.io/api/applications. Keras resizes straight to the input.
    for family, names in {
        "caffe": "resnet50:224 resnet101:224 resnet152:224 vgg16:224 vgg19:224",
        "imagenet-0.5": "resnet50v2:224 resnet101v2:224 resnet152v2:224 inceptionv3:299 inceptionresnetv2:299 xception:299 "
        "mobilenet:224 mobilenetv2:224 nasnetmobile:224 nasnetlarge:331",
        "imagenet": "densenet121:224 densenet169:224 densenet201:224",
        "raw": "mobilenetv3small:224 mobilenetv3large:224 efficientnetb0:224 efficientnetb1:240 efficientnetb2:260 efficientnetb3:300 "
        "efficientnetb4:380 efficientnetb5:456 efficientnetb6:528 efficientnetb7:600 efficientnetv2b0:224 efficientnetv2b1:240 "
        "efficientnetv2b2:260 efficientnetv2b3:300 efficientnetv2s:384 efficientnetv2m:480 efficientnetv2l:480 "
        "convnexttiny:224 convnextsmall:224 convnextbase:224 convnextlarge:224 convnextxlarge:224",
    }.items():
        for name, size in (n.split(":") for n in names.split()):
            yield f"{name}.keras", int(size), int(size), "squash", "bilinear", family, "keras.applications"
    # preprocessor_config.json of the checkpoints' own pages.
    for name in ("dinov2_small", "dinov2_base", "dinov2_large", "dinov2_giant"):
        yield name, 224, 256, "shorter", "bicubic", "imagenet", "facebook/dinov2 preprocessor_config.json"
    for name in ("dinov2_vits14", "dinov2_vitb14", "dinov2_vitl14", "dinov2_vitg14"):
        yield name, 224, 256, "shorter", "bicubic", "imagenet", "facebookresearch/dinov2 evaluation transform"
    for name, size in {"clip_vit_base_patch32": 224, "clip_vit_base_patch16": 224, "clip_vit_large_patch14": 224, "clip_vit_large_patch14_336": 336}.items():
        yield name, size, size, "shorter", "bicubic", "clip", "openai/clip preprocessor_config.json"
    for name, size in {"siglip_base_patch16_224": 224, "siglip_base_patch16_256": 256, "siglip_base_patch16_384": 384, "siglip_so400m_patch14_384": 384}.items():
        yield name, size, size, "squash", "bicubic", "siglip", "google/siglip preprocessor_config.json"


def main():
    other = list(other_rows())
    rows = list(torchvision_rows()) + other
    rows += timm_rows({r[0] for r in rows})
    rows.sort()
    names = [r[0] for r in rows]
    duplicate = {n for n in names if names.count(n) > 1}
    if duplicate:
        sys.exit(f"named twice: {sorted(duplicate)}")
    print("// Code generated by make_presets.py; DO NOT EDIT.\n")
    print("package models\n")
    print("// presetTable holds the published preprocessing of common networks, sorted by name.")
    print("var presetTable = []preset{")
    for name, size, resize, fit, interpolation, family, source in rows:
        print(f'{{"{name}", "{family}", {size}, {resize}, "{fit}", "{interpolation}", "{source}"}},')
    print("}")


if __name__ == "__main__":
    main()
