"""The inner loop handed to math.sumprod, which looks up no names and makes no objects of the numbers in between.

Each process takes a share of B's columns, and unpacks a column into objects once for all rows of A.
"""

from math import sumprod

# All rows of C need all columns of B. Where not all rows are asked for, only their share of the columns is
# walked down here: the others came with the input, so that the time of some rows tells the time of all.
columns = [B[j::n] for j in range(rows)] + other_columns


def work(worker):
    """Compute every so many columns of C."""
    lines = [A[i * n : (i + 1) * n].tolist() for i in range(rows)]
    for j in range(worker, n, threads):
        column = columns[j].tolist()  # new objects side by side: those of a list of rows are scattered
        for i, line in enumerate(lines):
            C[i * n + j] += sumprod(line, column)


in_processes(threads, work)
