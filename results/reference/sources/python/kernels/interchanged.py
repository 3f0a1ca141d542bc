"""The naive loops, the inner two exchanged, so that B is walked along its rows and mostly found in cache."""

for i in range(rows):
    for k in range(n):
        for j in range(n):
            C[i][j] += A[i][k] * B[k][j]
