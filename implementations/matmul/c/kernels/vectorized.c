// The same recursion with a base case that the compiler turns into vector instructions, compiled for each level of the
// instruction set: one multiply-add works on as many columns of C as a register holds, whose sums stay in registers.
#include "../cpu.h"
#include "../pack.h"
#include "../recursion.h"
#include "kernel.h"

#include <string.h>

enum { SIDE = 128, ROWS = 8, LONGEST_VECTOR = 8 };

// On copies of the blocks: at a stride of a power of two the rows of a block would evict one another from the cache.
__attribute__((always_inline)) static inline void multiply_copies(const struct product *p) {
    const size_t depth = p->k, columns = (p->n + LONGEST_VECTOR - 1) / LONGEST_VECTOR * LONGEST_VECTOR;
    double A[ROWS][SIDE], B[SIDE][SIDE], C[ROWS][SIDE];
    copy_rows(depth, p->n, p->B, p->stride, columns, *B, SIDE);
    for (size_t i = 0; i < p->m; i += ROWS) {
        const size_t rows = p->m - i < ROWS ? p->m - i : ROWS;
        copy_rows(rows, depth, p->A + i * p->stride, p->stride, depth, *A, SIDE);
        memset(A[rows], 0, (ROWS - rows) * sizeof *A);
        for (size_t j = 0; j < columns; j++) { // vectorized: see assert-vectorized.sh
            double sums[ROWS] = {0};
            size_t k = 0;
            do
                for (size_t r = 0; r < ROWS; r++)
                    sums[r] += A[r][k] * B[k][j];
            while (++k < depth); // tested at the end, as only a loop that always runs can be vectorized around
            for (size_t r = 0; r < ROWS; r++)
                C[r][j] = sums[r];
        }
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 1 // for vectors of 64 bytes, gcc would write the loop out
            for (size_t j = 0; j < p->n; j++)
                p->C[(i + r) * p->stride + j] += C[r][j];
    }
}

#define DEFINE_BASE(name, isa) \
    __attribute__((target(isa))) static void name(const struct product *p) { multiply_copies(p); }

#if defined __x86_64__
DEFINE_BASE(baseline, "arch=x86-64")
DEFINE_BASE(avx2, "arch=x86-64-v3")
DEFINE_BASE(avx512, "arch=x86-64-v4,prefer-vector-width=512")
static void (*const bases[])(const struct product *) = {[BASELINE_ISA] = baseline, [AVX2] = avx2, [AVX512] = avx512};
static const enum isa paths[] = {AVX512, AVX2, BASELINE_ISA, NO_ISA};
#elif defined __aarch64__
DEFINE_BASE(neon, "+simd")
static void (*const bases[])(const struct product *) = {[NEON] = neon};
static const enum isa paths[] = {NEON, NO_ISA};
#endif

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    divide_and_conquer(threads, (struct product){rows, n, n, n, *A, *B, *C}, SIDE, bases[require_isa(paths)]);
}

static const char *runs(void) { return isa_name(find_isa(paths)); }

const struct rung vectorized = {
    .name = "vectorized", .loop_order = "recursive", .threads = "all", .multiply = multiply, .runs = runs, AS_BUILT};
