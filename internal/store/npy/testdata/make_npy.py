"""Writes the .npy files that npy_test.go reads. Needs numpy; made with 2.4.6."""
import numpy as np
from numpy.lib import format as npy

m = np.array([[0.5, -1, 6.1035156e-05], [5.9604645e-08, 65504, -np.inf]])
for kind in ("f2", "f4", "f8"):
    np.save(f"{kind}.npy", m.astype("<" + kind))
with open("f4-version2.npy", "wb") as f:
    npy.write_array(f, m.astype("<f4"), version=(2, 0))
