// The two inner loops change places, so that B and C are walked along their rows: every byte of a cache line
// is used, and the compiler can vectorize.
#include "kernel.h"

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++)
                C[i][j] += A[i][k] * B[k][j];
}

const struct rung interchanged = {
    .name = "interchanged",
    .loop_order = "ikj",
    .threads = "one",
    .multiply = multiply,
    AS_BUILT,
};
