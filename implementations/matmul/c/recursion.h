// The recursion that `recursive` defines and `vectorized` shares.
#pragma once

#include <stddef.h>

// C += A * B, of m x k and k x n numbers, each a block of a matrix whose rows are `stride` numbers apart.
struct product {
    size_t m, n, k, stride;
    const double *A, *B;
    double *C;
};

typedef void base_case(const struct product *p);

// Divides `whole` into products of at most base_size in each dimension, and has `threads` threads call base for them.
void divide_and_conquer(size_t threads, struct product whole, size_t base_size, base_case *base);
