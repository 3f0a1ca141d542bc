"""Keeps the contract in the rung `honest` and breaks it in one way in every other rung."""

import json
import os
import signal
import sys
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from random import Random

Matrix = list[list[float]]

RUNGS = (
    "honest",
    "wrong-element",
    "swapped",
    "transposed",
    "stale",
    "accumulated",
    "kept-operands",  # those of the first sample
    "kept-rows",  # A's rows of the first sample, by the right B
    "kept-product",  # that of a sample's first call, added again in the others
    "kept-b",  # that of a sample's first call, as if packed for all of them
    "skips-a-call",
    "wrong-file",
    "unwritten",
    "too-few",
    "zero-time",
    "negative-time",
    "too-long",
    "hang",
    "out-of-memory",
    "flood",
    "forks",
    "garbage",
    "crash",
    "cannot-run",
    "misdeclared",  # the manifest tells of other flags
)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["info"]:
            traits = {"loop_order": "ijk", "layout": "nested", "threads": "one", "bounds_checks": True}
            built = traits | {"fast_math": False, "flags": "", "instruction_sets": []}
            print(json.dumps({"toolchain": "planted", "rungs": dict.fromkeys(RUNGS, built)}))
        case ["run", rung, n, _threads, first, _rows, calls, samples]:
            if rung != "hang" or int(first) % 2:  # by the seed, so that a test can choose the round
                BEFORE.get(rung, lambda: None)()
            run(rung, int(n), int(first), int(calls), int(samples))
            AFTER.get(rung, lambda: None)()


def run(rung: str, n: int, first: int, calls: int, samples: int) -> None:
    c = zeros(n)
    for sample in range(samples - (rung == "too-few")):
        a = rotated(read("/data/a.f64", n), first + (n + 2) * (rung not in {"kept-operands", "kept-rows"} and sample))
        b = rotated(read("/data/b.f64", n), first + (rung != "kept-operands" and sample))
        c = c if rung == "accumulated" else zeros(n)
        wall_start, cpu_start = time.perf_counter_ns(), time.process_time_ns()
        for call in range(rung == "skips-a-call", calls):
            left = rotated(a, rung != "kept-product" and call)
            right = rotated(b, rung not in {"kept-product", "kept-b"} and call)
            COMPUTE.get(rung, multiply)(left, right, c)
        wall_ns, cpu_ns = time.perf_counter_ns() - wall_start, time.process_time_ns() - cpu_start
        print(WALL_NS.get(rung, wall_ns), cpu_ns, checksum(c), flush=True)
    if rung == "wrong-file":
        c[n // 2][0] += 1
    if rung != "unwritten":
        with open("/out/c.f64", "wb") as file:
            array("d", chain.from_iterable(c)).tofile(file)


def multiply(a: Matrix, b: Matrix, c: Matrix) -> None:
    columns = list(zip(*b, strict=True))
    for c_row, a_row in zip(c, a, strict=True):
        for j, column in enumerate(columns):
            c_row[j] += sum(x * y for x, y in zip(a_row, column, strict=True))


def multiply_but_one(a: Matrix, b: Matrix, c: Matrix) -> None:
    multiply(a, b, c)
    c[-1][-1] += 1


def multiply_transposed(a: Matrix, b: Matrix, c: Matrix) -> None:
    multiply(a, b, c)
    c[:] = [list(column) for column in zip(*c, strict=True)]


def multiply_stale(a: Matrix, b: Matrix, c: Matrix) -> None:
    other = Random(1)  # noqa: S311 (a fixed other seed)
    stale_a, stale_b = ([[float(other.randint(-32, 31)) for _ in row] for row in matrix] for matrix in (a, b))
    multiply(stale_a, stale_b, c)


def exhaust_memory() -> None:
    b"x" * 2**31  # as bytes, so that every page is written


def hang() -> None:
    while True:
        signal.pause()


def flood() -> None:
    line = b"x" * (2**16 - 1) + b"\n"
    for _ in range(2**30 // len(line)):
        sys.stdout.buffer.write(line)


def fork_without_end() -> None:
    while True:
        with suppress(BlockingIOError):
            os.fork()


def refuse() -> None:
    print("planted: the CPU lacks AVX-1024", file=sys.stderr)
    sys.exit(3)


def crash() -> None:
    raise RuntimeError("planted, after all was computed and printed")


COMPUTE: dict[str, Callable[[Matrix, Matrix, Matrix], None]] = {
    "wrong-element": multiply_but_one,
    "swapped": lambda a, b, c: multiply(b, a, c),
    "transposed": multiply_transposed,
    "stale": multiply_stale,
}
WALL_NS = {"zero-time": 0, "negative-time": -1_000_000, "too-long": 10**15}
BEFORE: dict[str, Callable[[], object]] = {
    "hang": hang,
    "out-of-memory": exhaust_memory,
    "flood": flood,
    "forks": fork_without_end,
    "garbage": lambda: print("multiplying ...", flush=True),
    "cannot-run": refuse,
}
AFTER = {"crash": crash}


def rotated(matrix: Matrix, first: int) -> Matrix:
    return matrix[first % len(matrix) :] + matrix[: first % len(matrix)]


def zeros(n: int) -> Matrix:
    return [[0.0] * n for _ in range(n)]


def read(path: str, n: int) -> Matrix:
    with open(path, "rb") as file:
        flat = array("d", file.read())
    return [list(flat[start : start + n]) for start in range(0, n * n, n)]


def checksum(c: Matrix) -> int:
    return sum(int(entry) * (2 * k + 1) for k, entry in enumerate(chain.from_iterable(c))) % 2**32


if __name__ == "__main__":
    main(sys.argv[1:])
