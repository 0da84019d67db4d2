"""Compare `finetune --device cuda` with PyTorch on the same GPU, and find what bounds it. Prints a table in Markdown.

    python3 scripts/gpu/compare.py --finetune bin/finetune                 # installs the build for CUDA by pip
    python3 scripts/gpu/compare.py --finetune bin/finetune --wheel onnxruntime_gpu-….whl    # without a network
    python3 scripts/gpu/compare.py --finetune bin/finetune --device cpu --images 200        # checks the script itself

It needs torch, torchvision, onnx, onnxscript, numpy and pillow (scripts/bench/requirements.txt). Images are made where --data
names none. All rates are images a second. With 24,000 images it takes some minutes on an H100.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image

SIDE = 224
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
READY_BATCHES = (32, 64, 128, 256)
WANTED = 0.9  # of ready tensors


def make_images(folder: Path, count: int) -> None:
    """Write JPEG files of 200 x 200 pixels with the detail of photos: noise of several sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    for i in range(count):
        picture = np.zeros((200, 200, 3))
        for cells, weight in ((3, 70.0), (12, 30.0), (50, 12.0), (200, 4.0)):
            noise = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8)).resize((200, 200), Image.Resampling.BICUBIC)
            picture += (np.asarray(noise, dtype=np.float64) - 128) * weight / 64
        Image.fromarray(np.clip(picture + 128, 0, 255).astype(np.uint8)).save(folder / f"{i:06d}.jpg", quality=90)


class Wide(torch.nn.Module):
    """A network that costs next to nothing, with rows as long as those of the default features."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return means of 8 x 8 pixels, 4.9 times."""
        means = torch.nn.functional.avg_pool2d(x, 8).flatten(1)
        return torch.cat([means, means, means, means, means[:, :2112]], dim=1)


def export(network: torch.nn.Module, path: Path, output: str) -> None:
    """Write a network as ONNX."""
    torch.onnx.export(network.eval(), (torch.zeros(2, 3, SIDE, SIDE),), path, input_names=["x"], output_names=[output],
                      dynamic_shapes=({0: torch.export.Dim("n", min=1, max=4096)},), dynamo=True, external_data=False, verbose=False)


class MemoryWatch:
    """The most memory that is used on a GPU while it is open, in MB, by nvidia-smi; 0 without it."""

    def __enter__(self) -> "MemoryWatch":
        self.most, self.stop = 0, threading.Event()
        self.before = self.used()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()
        self.most = max(0, self.most - self.before)

    def watch(self) -> None:
        """Ask five times a second."""
        while not self.stop.wait(0.2):
            self.most = max(self.most, self.used())

    @staticmethod
    def used() -> int:
        """Return what is used now."""
        try:
            out = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"], capture_output=True, text=True, check=True)
            return int(out.stdout.split()[0])
        except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
            return 0


class Tool:
    """Runs finetune."""

    def __init__(self, program: str, device: str, work: Path) -> None:
        """Keep what all runs share."""
        self.program, self.device, self.work, self.runs = program, device, work, 0

    def extract(self, data: Path, *flags: str, device: str = "", cache: bool = False) -> dict:
        """Extract features into a new folder; return images a second, seconds in all, what was said, and the folder."""
        self.runs += 1
        out = self.work / f"out{self.runs}"
        command = [self.program, "extract", "--data", str(data), "--out", str(out), "--device", device or self.device, *flags]
        command += ["--cache", str(self.work / f"cache{self.runs}")] if cache else ["--no-cache"]
        start = time.perf_counter()
        with MemoryWatch() as memory:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"}
        rates = re.findall(r"features: \d+ of \d+ images in .*\(([\d.]+)/s\)", done.stderr)
        speed = re.findall(r"^speed: +(.*)$", done.stderr, re.MULTILINE)
        return {"rate": float(rates[-1]) if rates else 0.0, "seconds": seconds, "speed": speed[-1] if speed else "", "memory": memory.most, "out": out}


def files_of(data: Path) -> list[Path]:
    """Return the images of a folder."""
    return sorted(p for p in data.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})


class Pictures(torch.utils.data.Dataset):
    """What people write: Pillow, resize, normalise."""

    def __init__(self, paths: list[Path]) -> None:
        """Keep the paths."""
        self.paths = paths
        t = torchvision.transforms
        self.transform = t.Compose([t.Resize((SIDE, SIDE)), t.ToTensor(), t.Normalize(MEAN, STD)])

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.paths)

    def __getitem__(self, i: int) -> torch.Tensor:
        """Return the tensor of a picture."""
        with Image.open(self.paths[i]) as picture:
            return self.transform(picture.convert("RGB"))


class Peer:
    """PyTorch at one precision."""

    def __init__(self, network: torch.nn.Module, device: str, precision: str) -> None:
        """Set the precision up."""
        tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        self.device, self.kind = device, torch.float16 if precision == "float16" else torch.float32
        self.network = network.to(device=device, dtype=self.kind).eval()

    def wait(self) -> None:
        """Wait for the GPU."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def ready(self, rounds: int) -> tuple[float, str]:
        """Return the rate on tensors that are on the device, at the best batch and layout."""
        best = (0.0, "")
        with torch.inference_mode():
            for layout in (torch.contiguous_format, torch.channels_last):
                network = self.network.to(memory_format=layout)
                for batch in READY_BATCHES if self.device == "cuda" else READY_BATCHES[:1]:
                    x = torch.randn(batch, 3, SIDE, SIDE, device=self.device).to(self.kind).contiguous(memory_format=layout)
                    for _ in range(3 if self.device == "cuda" else 1):
                        network(x)
                    self.wait()
                    start = time.perf_counter()
                    for _ in range(rounds):
                        network(x)
                    self.wait()
                    rate = rounds * batch / (time.perf_counter() - start)
                    best = max(best, (rate, f"batch {batch}, {str(layout).removeprefix('torch.')}"))
        return best

    def loader(self, paths: list[Path], workers: int) -> float:
        """Return the rate from files to features in memory."""
        load = torch.utils.data.DataLoader(Pictures(paths), batch_size=128, num_workers=workers, pin_memory=self.device == "cuda")
        network = self.network.to(memory_format=torch.channels_last)
        rows = []
        start = time.perf_counter()
        with torch.inference_mode():
            for x in load:
                x = x.to(self.device, non_blocking=True).to(self.kind).contiguous(memory_format=torch.channels_last)
                rows.append(network(x).float().cpu())
        return sum(len(r) for r in rows) / (time.perf_counter() - start)


def cosine(a: Path, b: Path) -> float:
    """Return the least cosine of two feature folders' rows."""
    x, y = (np.load(folder / "features.npy").astype(np.float64) for folder in (a, b))
    return float(((x * y).sum(1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))).min())


def cell(value: object) -> str:
    """Write a value for the table."""
    return f"{value:,.0f}" if isinstance(value, float) else str(value)


def table(head: list[str], rows: list[list[object]]) -> None:
    """Print a table in Markdown."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(cell(v) for v in row) + " |")
    print(flush=True)


def set_up(a: argparse.Namespace) -> None:
    """Install the build for CUDA, and stop where the doctor finds something missing."""
    if a.device != "cuda":
        return
    subprocess.run([a.finetune, "setup", "--device", "cuda", *(["--from", a.wheel] if a.wheel else [])], check=True)
    if subprocess.run([a.finetune, "doctor", "--device", "cuda"], check=False).returncode != 0:
        sys.exit("the machine isn't ready for CUDA")


def compare(a: argparse.Namespace, tool: Tool, data: Path, network: Path) -> dict:
    """Compare the precisions with PyTorch's."""
    few = tool.work / "few"
    few.mkdir()
    for p in files_of(data)[:64]:
        (few / p.name).symlink_to(p.resolve())
    common = ["--backbone", str(network), "--tap", "feature", "--preset", "imagenet", "--image-size", str(SIDE), *a.flags]
    exact = tool.extract(few, *common, device="cpu")
    results, rows = {}, []
    for precision in a.precisions.split(","):
        flags = [*common, "--precision", precision]
        ours = tool.extract(data, *flags)
        peer = Peer(resnet50(), a.device, precision if a.device == "cuda" else "float32")
        ready, how = peer.ready(a.rounds)
        loaded = peer.loader(files_of(data), a.workers)
        del peer
        if "error" in ours or "error" in exact:
            print(f"{precision}: {ours.get('error') or exact.get('error')}\n")
            continue
        # Float16 is made from some of the images, so that all of them are the ones to compare.
        near = tool.extract(few, *flags)
        ours["cosine"] = cosine(near["out"], exact["out"]) if "out" in near else near["error"]
        results[precision] = {k: v for k, v in ours.items() if k != "out"} | {"ready": ready, "ready_how": how, "loader": loaded}
        rows.append([precision, ours["rate"], ready, f"{ours['rate'] / ready:.2f}", loaded, f"{ours['rate'] / loaded:.2f}", ours["memory"],
                     f"{ours['cosine']:.7f}" if isinstance(ours["cosine"], float) else ours["cosine"], ours["speed"] or "-"])
    print(f"ResNet-50, {len(files_of(data))} images, {a.workers} cores. Wanted: at least {WANTED} of ready tensors.\n")
    table(["precision", "finetune", "PyTorch, ready tensors", "ratio", "PyTorch, DataLoader", "ratio", "GPU memory, MB", "least cosine with the CPU",
           "batches"], rows)
    return results


def bounds(a: argparse.Namespace, tool: Tool, data: Path, wide: Path) -> dict:
    """Say how fast each part of an extraction is without the others."""
    fake = ["--backbone", str(wide), "--tap", "wide", "--preset", "imagenet"]
    parts = {
        "prepared alone: a network that costs nothing, rows of 11,520, CPU": tool.extract(data, *fake, device="cpu"),
        "prepared alone, with the cache": tool.extract(data, *fake, device="cpu", cache=True),
        "prepared alone, for the device": tool.extract(data, *fake),
        "EfficientNet-Lite0, last features": tool.extract(data, "--tap", "last"),
        "EfficientNet-Lite0, default features": tool.extract(data, "--tap", "multi", "--pool", "1,3"),
        "EfficientNet-Lite0, default features, with the cache": tool.extract(data, "--tap", "multi", "--pool", "1,3", cache=True),
    }
    table(["what", "images/s", "batches"], [[name, r.get("rate", r.get("error")), r.get("speed") or "-"] for name, r in parts.items()])
    return {name: {k: v for k, v in r.items() if k != "out"} for name, r in parts.items()}


def resnet50() -> torch.nn.Module:
    """Return ResNet-50 up to its features, with random weights that are always the same."""
    torch.manual_seed(1)
    network = torchvision.models.resnet50(weights=None)
    network.fc = torch.nn.Identity()
    with torch.no_grad():  # running statistics as a trained network has them, so that activations neither vanish nor grow
        network.train()(torch.randn(8, 3, SIDE, SIDE))
    return network.eval()


def main() -> None:
    """Run everything."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--finetune", default="bin/finetune", help="the program")
    p.add_argument("--wheel", help="onnxruntime-gpu as a file")
    p.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    p.add_argument("--data", type=Path, help="a folder of images")
    p.add_argument("--images", type=int, default=24000, help="how many images to make, or to take")
    p.add_argument("--precisions", default="float32,tf32,float16")
    p.add_argument("--rounds", type=int, default=30, help="of ready tensors, for each batch")
    p.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="of the DataLoader")
    p.add_argument("--json", type=Path, help="write the figures here, too")
    p.add_argument("flags", nargs="*", help="further flags of finetune extract, after --, such as --device-option prefer_nhwc=1")
    a = p.parse_args()
    a.finetune = str(Path(a.finetune).resolve())
    set_up(a)
    name = torch.cuda.get_device_name() if a.device == "cuda" else "CPU"
    print(f"{name}, {a.workers} cores, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="finetune-gpu-") as folder:
        work = Path(folder)
        data = work / "images"
        if a.data:
            data.mkdir()
            for path in files_of(a.data)[: a.images]:
                (data / path.name).symlink_to(path.resolve())
        else:
            make_images(data, a.images)
        network, wide = work / "resnet50.onnx", work / "wide.onnx"
        export(resnet50(), network, "feature")
        export(Wide(), wide, "wide")
        tool = Tool(a.finetune, a.device, work)
        figures = {"device": name, "precisions": compare(a, tool, data, network), "parts": bounds(a, tool, data, wide)}
    if a.json:
        a.json.write_text(json.dumps(figures, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
