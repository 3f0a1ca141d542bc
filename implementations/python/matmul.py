"""The Python side of the contract in ../README.md: reads A and B, times a kernel on them, writes C.

A kernel is a module whose body is the loops and whose globals hold A, B, C, n, rows and threads, because
that is how the published experiment ran. In a function, where names are local, the same loops are 1.7 times
as fast.
"""

import json
import os
import sys
import time
from array import array
from itertools import chain
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from types import CodeType

type Matrix = list[list[float]]

RUNGS = {
    "naive": {"loop_order": "ijk", "threads": "one"},
    "interchanged": {"loop_order": "ikj", "threads": "one"},
    "parallel": {"loop_order": "ijk", "threads": "all"},
}

USAGE = f"""\
usage: matmul info
       matmul run RUNG N THREADS ROWS SAMPLES
RUNG is one of {", ".join(RUNGS)}; the numbers are at least 1, and ROWS is at most N"""


def main(arguments: list[str]) -> None:
    """Answer one call; exit with 2 if there is no such call, with 1 if input, output or a worker fails."""
    try:
        match arguments:
            case ["info"]:
                print(json.dumps(info()))
            case ["run", rung, *numbers] if rung in RUNGS and in_range(numbers):
                run(rung, *map(int, numbers))
            case _:
                print(USAGE, file=sys.stderr)
                sys.exit(2)
    except OSError as error:
        sys.exit(f"matmul: {error}")


def info() -> dict[str, object]:
    """Describe the interpreter and the rungs, with the flags that this very process was started with."""
    interpreter_arguments = sys.orig_argv[1 : -len(sys.argv)]
    build = {
        "layout": "nested",
        "bounds_checks": True,
        "fast_math": False,
        "flags": " ".join(interpreter_arguments),
        "instruction_sets": [os.uname().machine.replace("_", "-")],
    }
    version = sys.version.partition(" ")[0]
    return {"toolchain": f"CPython {version}", "rungs": {name: rung | build for name, rung in RUNGS.items()}}


def in_range(numbers: list[str]) -> bool:
    """Say whether these are N, THREADS, ROWS and SAMPLES, all at least 1 and ROWS at most N."""
    try:
        n, threads, rows, samples = map(int, numbers)
    except ValueError:
        return False
    return threads >= 1 and samples >= 1 and 1 <= rows <= n


def run(rung: str, n: int, threads: int, rows: int, samples: int) -> None:
    """Compute the first rows of A · B samples times, and print wall_ns, cpu_ns and the checksum of each."""
    kernel = load_kernel(rung)
    a = read_matrix("/data/a.f64", rows, n)
    b = read_matrix("/data/b.f64", n, n)
    for _ in range(samples):
        c = [[0.0] * n for _ in range(rows)]
        names = {"A": a, "B": b, "C": c, "n": n, "rows": rows, "threads": threads}
        cpu_start, wall_start = cpu_ns(), time.perf_counter_ns()
        exec(kernel, names)  # noqa: S102 - as an import would run the module, but with our names in it
        wall, cpu = time.perf_counter_ns() - wall_start, cpu_ns() - cpu_start
        print(wall, cpu, checksum(c), flush=True)
    write_matrix("/out/c.f64", c)


def load_kernel(rung: str) -> CodeType:
    """Compile the body of a kernel's module, outside the time that it is measured for."""
    path = f"{os.path.dirname(__file__)}/kernels/{rung}.py"
    with open(path) as file:
        return compile(file.read(), path, "exec")


def read_matrix(path: str, rows: int, n: int) -> Matrix:
    """Read the first rows, of n float64 each; every entry is an object of its own, as if computed."""
    flat = array("d")
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < rows * n * flat.itemsize:
            sys.exit(f"matmul: {path} holds fewer than {rows} x {n} numbers")
        flat.fromfile(file, rows * n)
    return [flat[start : start + n].tolist() for start in range(0, rows * n, n)]


def write_matrix(path: str, matrix: Matrix) -> None:
    """Write float64, row-major, in the machine's byte order: little-endian wherever this is built."""
    with open(path, "wb") as file:
        for row in matrix:
            array("d", row).tofile(file)


def checksum(c: Matrix) -> int:
    """Return Σ int32(C[k]) · (2k + 1) mod 2³² over the flat index k."""
    return sum(int(entry) * (2 * k + 1) for k, entry in enumerate(chain.from_iterable(c))) % 2**32


def cpu_ns() -> int:
    """Return the CPU time, user and system, of this process and of its children that have ended."""
    usages = [getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)]
    return round(sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1e9)


if __name__ == "__main__":
    main(sys.argv[1:])
