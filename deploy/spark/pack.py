#!/usr/bin/env python3
"""Write the two files that a Spark cluster needs to label images with a run of finetune.

finetune.tar.gz has the program, ONNX Runtime and the run with its network, for --archives finetune.tar.gz#finetune.
finetune_spark.zip has the Python package, for --py-files."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "finetune_spark")


def pack(program, folder, model=None, library=None):
    if library is None:
        doctor = subprocess.run([program, "doctor", "--json"], stdout=subprocess.PIPE, check=True)
        library = json.loads(doctor.stdout)["library"]["path"]
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        files = {"finetune": program, "libonnxruntime.so": library}  # it is looked for beside the program
        if model is not None:
            files["run"] = os.path.join(temporary, "run")
            subprocess.run([program, "export", "--model", model, "--format", "bundle", "--out", files["run"], "--quiet"],
                           stdout=subprocess.DEVNULL, check=True)
        with tarfile.open(os.path.join(folder, "finetune.tar.gz"), "w:gz", compresslevel=1) as archive:
            for name, path in files.items():
                archive.add(os.path.realpath(path), name)
    with zipfile.ZipFile(os.path.join(folder, "finetune_spark.zip"), "w") as z:
        for name in sorted(os.listdir(PACKAGE)):
            if name.endswith(".py"):
                z.write(os.path.join(PACKAGE, name), "finetune_spark/" + name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="finetune", help="the program, built for the machines of the cluster (default: finetune)")
    parser.add_argument("--model", help="the run; without it the archive is for extract only")
    parser.add_argument("--library", help="ONNX Runtime for these machines (default: the one that the program finds here)")
    parser.add_argument("--out", default=".", help="folder of the two files (default: this one)")
    args = parser.parse_args()
    program = shutil.which(args.program)
    if program is None:
        sys.exit(f"{args.program}: no such program; build it with make build, or name it with --program")
    try:
        pack(program, args.out, args.model, args.library)
    except subprocess.CalledProcessError as err:
        sys.exit(f"{' '.join(err.cmd[:2])} ended with status {err.returncode}")


if __name__ == "__main__":
    main()
