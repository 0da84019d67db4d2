"""The peers of scripts/bench: PyTorch, Pillow and Python's ONNX Runtime on the same work.

Reads one request a line from standard input, {"do": NAME, ...}, and answers each with one line of JSON that holds "seconds" or
"error". Peers get the form that is fastest for them: fused optimisers, decoding on other threads than the network's.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from PIL import Image


def fastest(work, repeats):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


# --- training -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def examples(n, d, k):
    import torch

    torch.manual_seed(1)
    return torch.randn(n, d), torch.nn.functional.one_hot(torch.randint(k, (n,)), k).float()


@lru_cache(maxsize=1)
def head(n, d, k, hidden, dropout):
    import torch

    torch.manual_seed(1)
    if hidden == 0:
        net = torch.nn.Linear(d, k)
        if dropout > 0:
            net = torch.nn.Sequential(torch.nn.Dropout(dropout), net)
        return net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True)
    net = torch.nn.Sequential(torch.nn.Linear(d, hidden), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(hidden, k))
    return net, torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=3.0, fused=True)


def epochs(n, d, k, batch, hidden, dropout, count, threads):
    """Seconds of the fastest of count epochs of EMD² on shuffled, ready features."""
    import torch

    torch.set_num_threads(threads)
    x, t = examples(n, d, k)
    cumulative = t.cumsum(1)
    net, optimizer = head(n, d, k, hidden, dropout)
    net.train()

    def epoch():
        order = torch.randperm(n)
        for first in range(0, n, batch):
            # Full batches need no order.
            rows = slice(None) if batch >= n else order[first : first + batch]
            loss = ((net(x[rows]).softmax(1).cumsum(1) - cumulative[rows]) ** 2).sum(1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return {"seconds": fastest(epoch, count)}


def training(n, d, k, batch, count, threads):
    """Seconds of count epochs of a linear head, one after the other, with the loss of a fifth of as many images after each."""
    import torch

    torch.set_num_threads(threads)
    x, t = examples(n, d, k)
    cumulative = t.cumsum(1)
    held = n // 5
    net = torch.nn.Linear(d, k)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4, fused=True)

    def loss(rows):
        return ((net(x[rows]).softmax(1).cumsum(1) - cumulative[rows]) ** 2).sum(1).mean()

    start = time.perf_counter()
    for _ in range(count):
        order = torch.randperm(n)
        for first in range(0, n, batch):
            optimizer.zero_grad(set_to_none=True)
            loss(order[first : first + batch]).backward()
            optimizer.step()
        with torch.no_grad():
            loss(slice(0, held)).item()
    return {"seconds": time.perf_counter() - start}


# --- pictures -----------------------------------------------------------------------------------------------------


def tensor(path, size, mean, std, draft):
    with Image.open(path) as image:
        if draft:
            image.draft("RGB", (2 * size, 2 * size))
        image = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return ((np.asarray(image, np.float32) - mean) / std).transpose(2, 0, 1)


def save(path, out):
    """Writes a picture in another format. Nothing is measured."""
    with Image.open(path) as image:
        if "progressive" in out:
            image.save(out, quality=90, progressive=True)
        elif "lossless" in out:
            image.save(out, lossless=True, method=0)
        elif "lossy" in out:
            image.save(out, quality=90)
        else:
            image.save(out)
    return {"seconds": 0}


def pixels(paths, size, draft, repeats):
    """Seconds a picture, decoded, squashed to size × size and normalised on one thread."""
    return {"seconds": fastest(lambda: [tensor(p, size, 127.0, 128.0, draft) for p in paths], repeats) / len(paths)}


# --- networks -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def session(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(model, threads, batch):
    s = session(model, threads)
    return s.run([s.get_outputs()[-1].name], {s.get_inputs()[0].name: batch})[0]


def network(model, size, threads, count):
    """Seconds an image of ONNX Runtime alone on ready tensors, at the best batch size and split of the cores."""
    best, how = float("inf"), ""
    rng = np.random.default_rng(1)
    for batch in (1, 4, 8, 16, 32):
        images = rng.standard_normal((batch, 3, size, size), dtype=np.float32)
        for callers, each in {(1, threads), (threads, 1)}:
            rounds = max(1, count // batch // callers)
            with ThreadPoolExecutor(callers) as pool:

                def work():
                    list(pool.map(lambda _: [run(model, each, images) for _ in range(rounds)], range(callers)))

                run(model, each, images)
                seconds = fastest(work, 2) / (rounds * batch * callers)
            if seconds < best:
                best, how = seconds, f"batch {batch}, {callers} × {each} threads"
    return {"seconds": best, "how": how}


def extraction(model, paths, size, mean, std, threads, batch):
    """Seconds an image from file to features: the better of decoding beside the network and of doing everything on each thread."""

    def pipelined():
        with ThreadPoolExecutor(threads) as pool:
            tensors = pool.map(lambda p: tensor(p, size, mean, std, False), paths)
            ready = []
            for t in tensors:
                ready.append(t)
                if len(ready) == batch:
                    run(model, threads, np.stack(ready))
                    ready = []
            if ready:
                run(model, threads, np.stack(ready))

    def together():
        def work(first):
            run(model, 1, np.stack([tensor(p, size, mean, std, False) for p in paths[first : first + batch]]))

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(0, len(paths), batch)))

    run(model, threads, np.zeros((1, 3, size, size), np.float32))
    run(model, 1, np.zeros((1, 3, size, size), np.float32))
    seconds = {"decoding beside the network": fastest(pipelined, 1), "everything on each thread": fastest(together, 1)}
    how = min(seconds, key=seconds.get)
    return {"seconds": seconds[how] / len(paths), "how": how}


def int8(model, out, paths, size, mean, std):
    """Quantises a network with ONNX Runtime's quantiser: QDQ, weights by channel, ranges over 64 of the pictures."""
    import os

    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    source = session(model, 1).get_inputs()[0].name

    class Pictures(CalibrationDataReader):
        def __init__(self):
            self.paths = iter(paths[:: max(1, len(paths) // 64)][:64])

        def get_next(self):
            path = next(self.paths, None)
            return None if path is None else {source: tensor(path, size, mean, std, False)[None].astype(np.float32)}

    quant_pre_process(model, out + ".ready", skip_symbolic_shape=True)
    quantize_static(out + ".ready", out, Pictures(), quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8,
                    activation_type=QuantType.QUInt8)
    os.remove(out + ".ready")
    return {"seconds": 0.0}


def resnet50(out):
    """Writes torchvision's ResNet-50. Its weights are random: they don't change what a run costs."""
    import torch
    import torchvision

    torch.manual_seed(1)
    net = torchvision.models.resnet50(weights=None).eval()
    # Running means and variances as a trained network has them, so that activations neither vanish nor grow.
    net.train()
    with torch.no_grad():
        net(torch.randn(8, 3, 224, 224))
    net.eval()
    torch.onnx.export(
        net, torch.randn(2, 3, 224, 224), out, opset_version=17, dynamo=False,
        input_names=["image"], output_names=["logits"], dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}},
    )
    return {"seconds": 0.0}


def versions():
    import onnxruntime
    import torch

    return {
        "seconds": 0.0,
        "how": f"PyTorch {torch.__version__}, Pillow {Image.__version__}, ONNX Runtime {onnxruntime.__version__}, Python {sys.version.split()[0]}",
    }


DO = {f.__name__: f for f in (epochs, training, save, pixels, network, extraction, int8, resnet50, versions)}


def main():
    # Libraries may print; only answers go to the pipe.
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = DO[request.pop("do")](**request)
        except Exception as e:
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
