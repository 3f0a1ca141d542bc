"""The published kernel: i-j-k over lists of lists, at module level, where names are dictionary look-ups."""

for i in range(rows):
    for j in range(n):
        for k in range(n):
            C[i][j] += A[i][k] * B[k][j]
