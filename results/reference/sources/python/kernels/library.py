"""The whole product handed to NumPy's OpenBLAS, which blocks it for the caches and keeps sums in registers."""

import numpy as np

a, b, c = (np.frombuffer(matrix).reshape(-1, n) for matrix in (A, B, C))

# NumPy cannot add a product to C: it has to have room of its own, which is kept for the next call.
kept["product"] = np.matmul(a, b, out=kept.get("product"))
c += kept["product"]
