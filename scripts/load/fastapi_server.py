"""The usual way to serve a network from Python, for scripts/load to compare with: FastAPI, Pillow and onnxruntime.

    uvicorn --app-dir scripts/load --workers CORES --port 8081 fastapi_server:app

NETWORK names the ONNX file. Each worker process runs the network on one thread, which is the fastest split on a CPU. The
server stops at the network's output; the head, which finetune also applies, is left out.
"""

import io
import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI, HTTPException, Request
from PIL import Image, UnidentifiedImageError

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(os.environ["NETWORK"], options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
app = FastAPI()


@app.get("/healthz")
def healthz():
    return "ok"


def predict(data: bytes):
    image = Image.open(io.BytesIO(data)).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    x = (np.asarray(image, np.float32) - 127) / 128
    return session.run(None, {name: x.transpose(2, 0, 1)[None]})[0][0].tolist()


@app.post("/v1/predict")
async def endpoint(request: Request):
    try:
        return {"output": predict(await request.body())}
    except UnidentifiedImageError as e:
        raise HTTPException(422, str(e))
