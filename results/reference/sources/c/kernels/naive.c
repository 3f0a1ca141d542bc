// The definition as it reads: C[i][j] is row i of A times column j of B, summed up in memory.
#include "kernel.h"

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < n; k++)
                C[i][j] += A[i][k] * B[k][j];
}

const struct rung naive = {
    .name = "naive",
    .loop_order = "ijk",
    .threads = "one",
    .multiply = multiply,
    AS_BUILT,
};
