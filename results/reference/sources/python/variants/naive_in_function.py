"""The naive loops in a function, where names are numbered slots and not look-ups in a dictionary."""


def multiply(A: list[list[float]], B: list[list[float]], C: list[list[float]], n: int, rows: int) -> None:  # noqa: N803
    """Add A · B to C."""
    for i in range(rows):
        for j in range(n):
            for k in range(n):
                C[i][j] += A[i][k] * B[k][j]


multiply(A, B, C, n, rows)
