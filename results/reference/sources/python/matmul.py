"""The Python side of the contract in ../README.md: reads A and B, times a kernel on them, writes C.

A kernel is a module whose body is the loops and whose globals hold A, B, C, n, rows and threads, because
that is how the published experiment ran. In a function, where names are local, the same loops are 1.7 times
as fast. There are three images: one with NumPy and the kernels that need it, one with variants, one with all the rest.
"""

import json
import os
import sys
import time
from array import array
from collections.abc import Callable
from itertools import chain
from math import sumprod
from mmap import mmap
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from types import CodeType

type Matrix = list[list[float]]
type Shared = memoryview[float]

KERNELS = f"{os.path.dirname(__file__)}/kernels"
NESTED = {"layout": "nested", "bounds_checks": True}
CONTIGUOUS = {"layout": "contiguous", "bounds_checks": True}
LADDER = {
    "naive": NESTED | {"loop_order": "ijk", "threads": "one"},
    "naive@function": NESTED | {"loop_order": "ijk", "threads": "one"},
    "interchanged": NESTED | {"loop_order": "ikj", "threads": "one"},
    "parallel": NESTED | {"loop_order": "ijk", "threads": "all"},
    "builtin": CONTIGUOUS | {"loop_order": "jik", "threads": "all"},
    "vectorized": CONTIGUOUS | {"loop_order": "ikj", "threads": "all"},
    "library": CONTIGUOUS | {"loop_order": "library", "threads": "all", "bounds_checks": False},
}
NUMPY_RUNGS = {"vectorized", "library"}
RUNGS = {name: rung for name, rung in LADDER.items() if os.path.exists(f"{KERNELS}/{name}.py")}

USAGE = f"""\
usage: matmul info
       matmul run RUNG N THREADS FIRST ROWS CALLS SAMPLES
RUNG is one of {", ".join(RUNGS)}; FIRST is below N, ROWS is at most N, and only FIRST and CALLS may be 0"""


def main(arguments: list[str]) -> None:
    """Answer one call; exit with 2 if there is no such call, with 1 if input, output or a worker fails."""
    try:
        match arguments:
            case ["info"]:
                print(json.dumps(info()))
            case ["run", rung, *numbers] if rung in RUNGS and in_range(numbers):
                run(rung, [*map(int, numbers)])
            case _:
                print(USAGE, file=sys.stderr)
                sys.exit(2)
    except OSError as error:
        sys.exit(f"matmul: {error}")


def info() -> dict[str, object]:
    """Describe the interpreter and the rungs, with the flags that this very process was started with."""
    build = {
        "fast_math": False,
        "flags": " ".join(sys.orig_argv[1 : -len(sys.argv)]),
        "instruction_sets": [os.uname().machine.replace("_", "-")],
    }
    toolchain = f"CPython {sys.version.partition(' ')[0]}"
    rungs: dict[str, dict[str, object]] = {name: rung | build for name, rung in RUNGS.items()}
    if NUMPY_RUNGS & RUNGS.keys():
        with_numpy, facts = numpy_facts()
        toolchain += f" with {with_numpy}"
        for name in NUMPY_RUNGS & RUNGS.keys():
            rungs[name] |= facts[name]
    return {"toolchain": toolchain, "rungs": rungs}


def numpy_facts() -> tuple[str, dict[str, dict[str, object]]]:
    """Return the versions of NumPy and its OpenBLAS, and by rung what they need and what they chose to run."""
    import ctypes
    from glob import glob

    import numpy as np
    from numpy.lib.introspect import opt_func_info

    built = np.show_config(mode="dicts")
    needs = {"instruction_sets": [level(name) for name in built["SIMD Extensions"]["baseline"]]}
    multiply = opt_func_info(func_name="^multiply$", signature="float64")
    (blas_path,) = glob(f"{os.path.dirname(np.__file__)}.libs/libscipy_openblas*")
    core_name = ctypes.CDLL(blas_path).scipy_openblas_get_corename64_
    core_name.restype = ctypes.c_char_p
    versions = f"NumPy {np.__version__}, OpenBLAS {built['Build Dependencies']['blas']['version']}"
    return versions, {
        "vectorized": needs | {"runs": level(multiply["multiply"]["ddd"]["current"])},
        "library": needs | {"runs": core_name().decode()},
    }


def level(name: str) -> str:
    """Name an instruction set as all implementations do: NumPy says X86_V3."""
    return name.lower().replace("x86_v", "x86-64-v")


def in_range(numbers: list[str]) -> bool:
    """Say whether these are N, THREADS, FIRST, ROWS, CALLS and SAMPLES that a run can have."""
    try:
        n, threads, first, rows, calls, samples = map(int, numbers)
    except ValueError:
        return False
    return 0 <= first < n and 1 <= rows <= n and threads >= 1 and calls >= 0 and samples >= 1


def run(rung: str, numbers: list[int]) -> None:
    """Add products up, calls for each of the samples, and print wall_ns, cpu_ns and the checksum of each sample."""
    n, threads, first, rows, calls, samples = numbers
    kernel = load_kernel(rung)
    if rung in NUMPY_RUNGS:
        load_numpy(threads if rung == "library" else 1)
    starts = min(calls, n)  # each call begins a row further down, and after all rows at the first again
    inputs = Inputs(rung, n, rows, starts)
    c = shared_zeros(rows * n)
    names = {"n": n, "rows": rows, "threads": threads, "in_processes": in_processes, "kept": {}}
    for sample in range(samples):
        operands = inputs.load((first + sample * (rows + 2)) % n, (first + sample) % n)
        c.cast("B")[:] = bytes(c.nbytes)
        rows_of_c = nested_zeros(rows, n) if RUNGS[rung]["layout"] == "nested" else []
        modules = [names | each | {"C": rows_of_c or c} for each in operands]
        cpu_start, wall_start = cpu_ns(), time.perf_counter_ns()
        for call in range(calls):
            exec(kernel, modules[call % n])  # noqa: S102 - as an import would run a module, but with our names in it
        wall, cpu = time.perf_counter_ns() - wall_start, cpu_ns() - cpu_start
        if rows_of_c:
            c[:] = memoryview(array("d", chain.from_iterable(rows_of_c)))
        print(wall, cpu, checksum(c), flush=True)
    with open("/out/c.f64", "wb") as file:
        file.write(c)


def load_kernel(rung: str) -> CodeType:
    """Compile the body of a kernel's module, outside the time that it is measured for."""
    path = f"{KERNELS}/{rung}.py"
    with open(path) as file:
        return compile(file.read(), path, "exec")


class Inputs:
    """The operands of a rung, in its layout, in memory that is kept."""

    def __init__(self, rung: str, n: int, rows: int, starts: int) -> None:
        """Make room; B as lists is read once, for its rows can change places without being made anew."""
        self.rung, self.n, self.rows, self.starts = rung, n, rows, starts
        self.is_nested = RUNGS[rung]["layout"] == "nested"
        self.a, self.b = (array("d", [0.0]) * (length * n) for length in (rows + starts, n + starts))
        if self.is_nested:
            load_rows("/data/b.f64", self.b, n, 0)
            self.rows_of_b = nested(self.b[: n * n], n)
            self.b = array("d")

    def load(self, first_a: int, first_b: int) -> list[dict[str, object]]:
        """Return A and B for every start, the first ones beginning at these rows."""
        n, rows = self.n, self.rows
        load_rows("/data/a.f64", self.a, n, first_a)
        starts = range(self.starts)
        if self.is_nested:  # every entry is an object of its own, as if computed
            a, b = nested(self.a, n), self.rows_of_b[first_b:] + self.rows_of_b * 2
            return [{"A": a[start : start + rows], "B": b[start : start + n]} for start in starts]
        load_rows("/data/b.f64", self.b, n, first_b)
        views = [(slice_of(self.a, start, rows, n), slice_of(self.b, start, n, n)) for start in starts]
        if self.rung != "builtin":
            return [{"A": a, "B": b} for a, b in views]
        columns = [memoryview(self.b[j::n]) for j in range(rows, n)]
        return [
            {"A": a, "B": b, "other_columns": [column[start : start + n] for column in columns]}
            for start, (a, b) in enumerate(views)
        ]


def slice_of(flat: array[float], first: int, rows: int, n: int) -> Shared:
    """Return so many rows from one of them on, where they are."""
    return memoryview(flat).cast("B")[8 * first * n : 8 * (first + rows) * n].cast("d")


def load_numpy(blas_threads: int) -> None:
    """Import NumPy outside the time; its OpenBLAS starts its threads as it is loaded, and keeps them."""
    os.environ["OPENBLAS_NUM_THREADS"] = str(blas_threads)
    try:
        import numpy as np  # noqa: F401
    except RuntimeError as error:  # it was built for a newer CPU
        print(f"matmul: {error}", file=sys.stderr)
        sys.exit(3)


def in_processes(threads: int, work: Callable[[int], None]) -> None:
    """Call work(0), work(1), … in so many processes, because one interpreter computes on one core only."""
    for worker in range(threads):
        if os.fork() == 0:
            try:
                work(worker)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
    for _ in range(threads):
        if os.wait()[1] != 0:
            raise ChildProcessError("a worker process died")


def load_rows(path: str, to: array[float], n: int, first: int) -> None:
    """Fill an array with rows of n from a file that has n of them, from row first on; after the last comes row 0.

    The numbers are float64 in the byte order of the machine, which is little-endian.
    """
    room = memoryview(to).cast("B")
    with open(path, "rb") as file:
        while room:
            file.seek(first * n * 8)
            part = room[: (n - first) * n * 8]
            if file.readinto(part) < len(part):
                sys.exit(f"matmul: {path} holds fewer than {n} rows of {n} numbers")
            room, first = room[len(part) :], 0


def nested(flat: array[float], n: int) -> Matrix:
    """Return a list of rows, each a list."""
    return [flat[start : start + n].tolist() for start in range(0, len(flat), n)]


def nested_zeros(rows: int, n: int) -> Matrix:
    """Return a C of lists."""
    return [[0.0] * n for _ in range(rows)]


def shared_zeros(count: int) -> Shared:
    """Return a C that forked processes share, where each would have a copy of its own of a list."""
    return memoryview(mmap(-1, count * 8)).cast("d")


def checksum(c: Shared) -> int:
    """Return Σ int32(C[k]) · (2k + 1) mod 2³² over the flat index k; by NumPy, where it is there, for it is quicker."""
    if "numpy" in sys.modules:
        np = sys.modules["numpy"]
        return int(np.frombuffer(c).astype(np.int64) @ np.arange(1, 2 * len(c), 2)) % 2**32
    return int(sumprod(map(int, c), range(1, 2 * len(c), 2))) % 2**32


def cpu_ns() -> int:
    """Return the CPU time, user and system, of this process and of its children that have ended."""
    usages = [getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)]
    return round(sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1e9)


if __name__ == "__main__":
    main(sys.argv[1:])
