"""The naive loops, their rows dealt out to processes, because one interpreter computes on one core only."""

import os
from array import array
from mmap import mmap

# A forked process computes into a copy of C: its rows come back through memory that it shares.
shared = memoryview(mmap(-1, rows * n * 8)).cast("d")

# Forked by hand: multiprocessing calls functions, whose local names are faster than those of the naive loops.
for worker in range(threads):
    if os.fork() == 0:
        for i in range(worker, rows, threads):
            for j in range(n):
                for k in range(n):
                    C[i][j] += A[i][k] * B[k][j]
            shared[i * n : (i + 1) * n] = array("d", C[i])
        os._exit(0)

for _ in range(threads):
    if os.wait()[1] != 0:
        raise ChildProcessError("a worker process died")
for i in range(rows):
    C[i] = shared[i * n : (i + 1) * n].tolist()
