// The naive loops with the rows dealt out to threads: no row of C needs another, so all cores work at once.
#include "../team.h"
#include "kernel.h"

struct work {
    size_t n, rows, threads;
    void *A, *B, *C;
};

static void multiply_rows(void *shared, size_t t) {
    const struct work *work = shared;
    const size_t n = work->n, first = work->rows * t / work->threads, end = work->rows * (t + 1) / work->threads;
    double(*A)[n] = work->A, (*B)[n] = work->B, (*C)[n] = work->C;
    for (size_t i = first; i < end; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < n; k++)
                C[i][j] += A[i][k] * B[k][j];
}

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    run_team(threads, multiply_rows, &(struct work){n, rows, threads, A, B, C});
}

const struct rung parallel = {
    .name = "parallel",
    .loop_order = "ijk",
    .threads = "all",
    .multiply = multiply,
    AS_BUILT,
};
