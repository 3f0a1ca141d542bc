// The static arrays of the variants in the authors' form, whose n is fixed when they are compiled: one set for each n.
#pragma once

#include "../kernels/kernel.h"

// A and B have room for the rows of further calls, which begin a row further down each.
#define FOR_EACH_N(DO) DO(33) DO(100) DO(512) DO(1024) DO(2048) DO(4096)

#define DECLARE_ARRAYS(N) extern double A_##N[2 * N][N], B_##N[2 * N][N], C_##N[N][N];
FOR_EACH_N(DECLARE_ARRAYS)

struct arrays {
    void *A, *B, *C;
};

// Those of a rung for an n; none where it takes any n. Ends the program with exit code 3 where it is built for others.
struct arrays find_arrays(const struct rung *rung, size_t n);
