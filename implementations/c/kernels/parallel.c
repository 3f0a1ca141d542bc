// The naive loops with the rows dealt out to threads: no row of C needs another, so all cores work at once.
#include "../text.h"
#include "kernel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct share {
    pthread_t thread;
    size_t n, first, end; // rows first to end - 1
    void *A, *B, *C;
};

static void *multiply_rows(void *argument) {
    const struct share *share = argument;
    const size_t n = share->n;
    double(*A)[n] = share->A, (*B)[n] = share->B, (*C)[n] = share->C;
    for (size_t i = share->first; i < share->end; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < n; k++)
                C[i][j] += A[i][k] * B[k][j];
    return NULL;
}

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    struct share shares[threads];
    for (size_t t = 0; t < threads; t++) {
        shares[t] = (struct share){
            .n = n, .first = rows * t / threads, .end = rows * (t + 1) / threads, .A = A, .B = B, .C = C};
        const int error = pthread_create(&shares[t].thread, NULL, multiply_rows, &shares[t]);
        if (error)
            FAIL(EXIT_FAILURE, "cannot start thread ", DECIMAL(t + 1), " of ", DECIMAL(threads), ": ", strerror(error));
    }
    for (size_t t = 0; t < threads; t++)
        pthread_join(shares[t].thread, NULL);
}

const struct rung parallel = {
    .name = "parallel",
    .loop_order = "ijk",
    .threads = "all",
    .multiply = multiply,
    AS_BUILT,
};
