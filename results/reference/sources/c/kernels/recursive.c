// Each product becomes eight of half the size, and these again, down to blocks that stay in the nearest cache while
// they are used: every number that is fetched serves many multiplications, and the four that fill different quarters of
// C run in parallel.
#include "../recursion.h"
#include "kernel.h"

static void multiply_block(const struct product *p) {
    for (size_t i = 0; i < p->m; i++)
        for (size_t k = 0; k < p->k; k++)
            for (size_t j = 0; j < p->n; j++)
                p->C[i * p->stride + j] += p->A[i * p->stride + k] * p->B[k * p->stride + j];
}

enum { BASE = 128 }; // 64 and 256 are as fast; in smaller ones the inner loop is too short: 0.6 of the speed at 16

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    divide_and_conquer(threads, (struct product){rows, n, n, n, *A, *B, *C}, BASE, multiply_block);
}

const struct rung recursive = {
    .name = "recursive", .loop_order = "recursive", .threads = "all", .multiply = multiply, AS_BUILT};
