"""Writes reference.safetensors with the safetensors package itself: every float type that the Go reader converts,
special values, an empty tensor and metadata. Run: python make_reference.py (needs numpy, safetensors)."""

import numpy as np
import safetensors
from safetensors.numpy import save_file

values = np.array([0, -0.0, 1, -2.5, 65504, 6.103515625e-05, 5.960464477539063e-08, np.inf], dtype=np.float64)
save_file(
    {
        "double": values,
        "single": values.astype(np.float32),
        "half": values.astype(np.float16).reshape(2, 4),
        "empty": np.zeros((0, 3), dtype=np.float32),
    },
    "reference.safetensors",
    metadata={"made with": f"safetensors {safetensors.__version__}, numpy {np.__version__}", "größe": 'a "b" <c>'},
)
