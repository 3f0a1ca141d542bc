// The naive loops in the form of the authors' mm_c.c: three static arrays, whose size is a constant. So the compiler
// knows that C overlaps neither A nor B, and how far apart two rows are.
#include "../cpu.h"
#include "arrays.h"

// A and B begin at any of their rows, for the calls of a sample; of C the first rows are computed.
#define CASE(N)                                                       \
    case N:                                                           \
        for (size_t i = 0; i < rows; i++)                             \
            for (size_t j = 0; j < N; j++)                            \
                for (size_t k = 0; k < N; k++)                        \
                    C_##N[i][j] += A_##N[a + i][k] * B_##N[b + k][j]; \
        break;

#define DEFINE_LOOPS(name, target)                                       \
    target static void name(size_t n, size_t rows, size_t a, size_t b) { \
        switch (n) { FOR_EACH_N(CASE) }                                  \
    }

typedef void loops(size_t n, size_t rows, size_t a, size_t b);

#ifndef __FAST_MATH__
#define LOOP_ORDER "ijk"
#define RUNS NULL
DEFINE_LOOPS(for_any_cpu, )
static loops *chosen(void) { return for_any_cpu; }
#else // gcc may add in another order, and exchanges the loops: with what -march=native would take on the CPU at hand
#define LOOP_ORDER "ikj"
#define RUNS runs
#if defined __x86_64__
DEFINE_LOOPS(baseline, __attribute__((target("arch=x86-64"))))
DEFINE_LOOPS(avx2, __attribute__((target("arch=x86-64-v3"))))
DEFINE_LOOPS(avx512, __attribute__((target("arch=x86-64-v4,prefer-vector-width=512"))))
static loops *const by_isa[] = {[BASELINE_ISA] = baseline, [AVX2] = avx2, [AVX512] = avx512};
static const enum isa paths[] = {AVX512, AVX2, BASELINE_ISA, NO_ISA};
#elif defined __aarch64__
DEFINE_LOOPS(neon, __attribute__((target("+simd"))))
static loops *const by_isa[] = {[NEON] = neon};
static const enum isa paths[] = {NEON, NO_ISA};
#endif
static loops *chosen(void) { return by_isa[require_isa(paths)]; }
static const char *runs(void) { return isa_name(find_isa(paths)); }
#endif

extern const struct rung RUNG;

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    const struct arrays own = find_arrays(&RUNG, n);
    chosen()(n, rows, (size_t)(*A - (double *)own.A) / n, (size_t)(*B - (double *)own.B) / n);
}

const struct rung RUNG = {
    .name = NAME, .loop_order = LOOP_ORDER, .threads = "one", .multiply = multiply, .runs = RUNS, AS_BUILT};
