"""The interchanged loops on NumPy's arrays: an expression on whole rows is the inner loop, in vector instructions."""

import numpy as np

a, b, c = (np.frombuffer(matrix).reshape(-1, n) for matrix in (A, B, C))


def work(worker):
    """Compute every so many rows of C."""
    for i in range(worker, rows, threads):
        for k in range(n):
            c[i] += a[i, k] * b[k]


in_processes(threads, work)
