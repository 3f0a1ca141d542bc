"""Right products whose times are wrong: every call works for half a second, and every rung but `honest` hides it."""

import json
import os
import sys
import time
from array import array
from itertools import chain

Matrix = list[list[float]]

WORK_S = 0.5
RUNGS = {  # by what their times are divided: wall and CPU time
    "honest": (1, 1),
    "claims-a-thousandth": (1000, 1000),
    "claims-a-tenth": (10, 10),
    "claims-half": (2, 2),
    "claims-a-hundredth-of-the-wall-time": (100, 1),
    "claims-half-the-cpu-time": (1, 2),
    "works-before-the-timer": (1, 1),
    "works-in-another-process": (1, 1),
    "works-in-a-process-before-the-timer": (1, 1),
    "is-slow-when-idle": (10, 10),
}


def main(arguments: list[str]) -> None:
    match arguments:
        case ["info"]:
            burn(2 * WORK_S)  # no image may say what it takes to start, either
            traits = {"loop_order": "ijk", "layout": "nested", "threads": "one", "bounds_checks": True}
            built = traits | {"fast_math": False, "flags": "", "instruction_sets": []}
            print(json.dumps({"toolchain": "planted", "rungs": dict.fromkeys(RUNGS, built)}))
        case ["run", rung, n, _threads, first, _rows, calls, samples]:
            if rung == "is-slow-when-idle" and calls == "0":
                burn(3 * WORK_S)
            run(rung, int(n), int(first), int(calls), int(samples))


def run(rung: str, n: int, first: int, calls: int, samples: int) -> None:
    helper = Helper(n)
    for sample in range(samples):
        a = rotated(read("/data/a.f64", n), first + sample * (n + 2))
        b = rotated(read("/data/b.f64", n), first + sample)
        done = []
        if rung == "works-before-the-timer":
            done = [product(rotated(a, call), rotated(b, call)) for call in range(calls)]
        if rung == "works-in-a-process-before-the-timer":
            done = [helper.product(rotated(a, call), rotated(b, call)) for call in range(calls)]
        c = [[0.0] * n for _ in range(n)]
        wall_start, cpu_start = time.perf_counter_ns(), time.process_time_ns()
        for call in range(calls):
            if rung == "works-in-another-process":
                done.append(helper.product(rotated(a, call), rotated(b, call)))
            add(c, done[call] if done else product(rotated(a, call), rotated(b, call)))
        wall_ns, cpu_ns = time.perf_counter_ns() - wall_start, time.process_time_ns() - cpu_start
        print(wall_ns // RUNGS[rung][0], cpu_ns // RUNGS[rung][1], checksum(c), flush=True)
    with open("/out/c.f64", "wb") as file:
        array("d", chain.from_iterable(c)).tofile(file)


class Helper:
    """A process that multiplies, and is never waited for: its CPU time is in no clock of the program."""

    def __init__(self, n: int) -> None:
        self.n = n
        to_read, self.to_write = os.pipe()
        self.to_read, to_write = os.pipe()
        if os.fork() == 0:
            while True:
                a, b = (receive(to_read, n) for _ in range(2))
                send(to_write, product(a, b))

    def product(self, a: Matrix, b: Matrix) -> Matrix:
        send(self.to_write, a)
        send(self.to_write, b)
        return receive(self.to_read, self.n)


def send(pipe: int, matrix: Matrix) -> None:
    os.write(pipe, array("d", chain.from_iterable(matrix)).tobytes())  # less than a pipe holds


def receive(pipe: int, n: int) -> Matrix:
    data = b""
    while len(data) < 8 * n * n:
        if not (part := os.read(pipe, 8 * n * n - len(data))):
            os._exit(0)
        data += part
    return nested(array("d", data), n)


def product(a: Matrix, b: Matrix) -> Matrix:
    burn(WORK_S)
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def add(c: Matrix, more: Matrix) -> None:
    for row, other in zip(c, more, strict=True):
        row[:] = [x + y for x, y in zip(row, other, strict=True)]


def rotated(matrix: Matrix, first: int) -> Matrix:
    return matrix[first % len(matrix) :] + matrix[: first % len(matrix)]


def read(path: str, n: int) -> Matrix:
    with open(path, "rb") as file:
        return nested(array("d", file.read()), n)


def nested(flat: array[float], n: int) -> Matrix:
    return [list(flat[start : start + n]) for start in range(0, n * n, n)]


def checksum(c: Matrix) -> int:
    return sum(int(entry) * (2 * k + 1) for k, entry in enumerate(chain.from_iterable(c))) % 2**32


if __name__ == "__main__":
    main(sys.argv[1:])
