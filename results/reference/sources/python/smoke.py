"""Runs every rung in the tree of an image and compares C with the product by its definition."""

import json
import subprocess
import sys
from array import array
from pathlib import Path
from random import choices

IMAGE = Path(sys.argv[1])
N, THREADS, FIRST, ROWS, CALLS, SAMPLES = 5, 2, 4, 3, 7, 3


def matmul(*arguments: object) -> str:
    """Return what the image's entry point prints."""
    program = ["chroot", str(IMAGE), "/usr/bin/python3.13", "-I", "-S", "/app/matmul.py"]
    return subprocess.check_output([*program, *map(str, arguments)], text=True)


a, b = (array("d", choices(range(-32, 32), k=N * N)) for _ in "ab")


def last_product(rows: int) -> "array[float]":
    """Return what the last sample comes to, by the contract."""
    first_a, first_b = FIRST + (SAMPLES - 1) * (rows + 2), FIRST + SAMPLES - 1
    c = array("d", [0.0]) * (rows * N)
    for call in range(CALLS):
        left = [a[(first_a + call + i) % N * N :][:N] for i in range(rows)]
        right = [b[(first_b + call + k) % N * N :][:N] for k in range(N)]
        for i in range(rows):
            for j in range(N):
                c[i * N + j] += sum(left[i][k] * right[k][j] for k in range(N))
    return c


for folder in "data", "out":
    (IMAGE / folder).mkdir()
(IMAGE / "data/a.f64").write_bytes(a.tobytes())
(IMAGE / "data/b.f64").write_bytes(b.tobytes())

for rung in json.loads(matmul("info"))["rungs"]:
    rows = N if rung == "library" else ROWS
    lines = matmul("run", rung, N, THREADS, FIRST, rows, CALLS, SAMPLES).splitlines()
    assert len(lines) == SAMPLES, f"{rung} printed {lines}"
    assert (IMAGE / "out/c.f64").read_bytes() == last_product(rows).tobytes(), f"{rung} is wrong"
