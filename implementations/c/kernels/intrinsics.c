// Explicit vectors, and blocks copied into the order in which they are used: a tile of C stays in registers for a long
// run of k, its factors come from the nearest caches without a stride, and nearly every instruction multiplies and
// adds.
#define _POSIX_C_SOURCE 200809L // barriers
#if defined __x86_64__
#define INSTRUCTION_SET "x86-64-v3" // AVX2 and FMA; "aarch64" has NEON
#endif
#include "../cpu.h"
#include "../pack.h"
#include "../team.h"
#include "kernel.h"

#define EACH(index, count) _Pragma("GCC unroll 32") for (size_t index = 0; index < count; index++)

// Defines the innermost kernel: adds to a tile of C, of `rows` rows of `width` vectors, a panel of A times a panel of
// B.
#define DEFINE_TILE(name, isa, bytes, rows, width)                                                            \
    __attribute__((target(isa))) static void name(size_t depth, const double *A, const double *B, double *C,  \
                                                  size_t stride) {                                            \
        typedef double vector __attribute__((vector_size(bytes), aligned(8)));                                \
        vector sums[rows][width] = {0};                                                                       \
        EACH(r, rows) EACH(line, (width * bytes + 63) / 64) __builtin_prefetch(C + r * stride + 8 * line, 1); \
        for (size_t k = 0; k < depth; k++, A += rows, B += width * bytes / 8) {                               \
            vector b[width];                                                                                  \
            EACH(v, width) b[v] = ((const vector *)B)[v];                                                     \
            EACH(r, rows) EACH(v, width) sums[r][v] += A[r] * b[v];                                           \
        }                                                                                                     \
        EACH(r, rows) EACH(v, width)((vector *)(C + r * stride))[v] += sums[r][v];                            \
    }                                                                                                         \
    static const struct tile name##_tile = {name, rows, width * bytes / 8};

struct tile {
    void (*multiply)(size_t depth, const double *A, const double *B, double *C, size_t stride);
    size_t rows, columns;
};

enum { MAX_TILE = 8 * 24 };

// The sums fill the registers but for a row of B and a number of A.
#if defined __x86_64__
DEFINE_TILE(avx512, "arch=x86-64-v4", 64, 8, 3)
DEFINE_TILE(avx2, "arch=x86-64-v3", 32, 4, 3)
static const enum isa paths[] = {AVX512, AVX2, NO_ISA};
static const struct tile *const tiles[] = {[AVX512] = &avx512_tile, [AVX2] = &avx2_tile};
#elif defined __aarch64__
DEFINE_TILE(neon, "+simd", 16, 8, 3)
static const enum isa paths[] = {NEON, NO_ISA};
static const struct tile *const tiles[] = {[NEON] = &neon_tile};
#endif

struct plan {
    struct tile tile;
    size_t n, rows, threads;
    struct {
        size_t rows, columns, depth;
    } block;
    const double *A, *B;
    double *C, *packed_A, *packed_B;
    pthread_barrier_t barrier;
};

static size_t min(size_t a, size_t b) { return a < b ? a : b; }

static size_t round_up(size_t number, size_t unit) { return (number + unit - 1) / unit * unit; }

// `count` in as many blocks as blocks of at most `max` need, but equal ones, of whole units.
static size_t block_size(size_t count, size_t max, size_t unit) {
    const size_t blocks = (count + max - 1) / max;
    return round_up((count + blocks - 1) / blocks, unit);
}

// Where thread t's part of `count` begins, in whole units.
static size_t part(size_t count, size_t unit, size_t t, size_t threads) {
    return min(count, round_up(count, unit) / unit * t / threads * unit);
}

// C += a packed block of A * a packed block of B. The panel of B stays near while the block of A passes.
static void multiply_blocks(const struct plan *plan, size_t rows, size_t columns, size_t depth, const double *A,
                            const double *B, double *C) {
    const struct tile tile = plan->tile;
    for (size_t j = 0; j < columns; j += tile.columns)
        for (size_t i = 0; i < rows; i += tile.rows) {
            if (i + tile.rows <= rows && j + tile.columns <= columns) {
                tile.multiply(depth, A + i * depth, B + j * depth, C + i * plan->n + j, plan->n);
                continue;
            }
            double edge[MAX_TILE] = {0}; // a whole tile, of which only a part lies in C
            tile.multiply(depth, A + i * depth, B + j * depth, edge, tile.columns);
            for (size_t r = i; r < min(i + tile.rows, rows); r++)
                for (size_t c = j; c < min(j + tile.columns, columns); c++)
                    C[r * plan->n + c] += edge[(r - i) * tile.columns + c - j];
        }
}

static void work(void *shared, size_t t) {
    struct plan *plan = shared;
    const size_t n = plan->n, threads = plan->threads, unit = plan->tile.columns;
    const size_t top = part(plan->rows, plan->tile.rows, t, threads);
    const size_t bottom = part(plan->rows, plan->tile.rows, t + 1, threads);
    double *packed_A = plan->packed_A + t * plan->block.rows * plan->block.depth;
    for (size_t j = 0; j < n; j += plan->block.columns)
        for (size_t k = 0; k < n; k += plan->block.depth) {
            const size_t columns = min(plan->block.columns, n - j), depth = min(plan->block.depth, n - k);
            const size_t left = part(columns, unit, t, threads), right = part(columns, unit, t + 1, threads);
            pack_columns(right - left, depth, plan->B + k * n + j + left, n, unit, plan->packed_B + left * depth);
            pthread_barrier_wait(&plan->barrier); // the block of B is packed, by all for all
            for (size_t i = top; i < bottom; i += plan->block.rows) {
                const size_t rows = min(plan->block.rows, bottom - i);
                pack_rows(rows, depth, plan->A + i * n + k, n, plan->tile.rows, packed_A);
                multiply_blocks(plan, rows, columns, depth, packed_A, plan->packed_B, plan->C + i * n + j);
            }
            pthread_barrier_wait(&plan->barrier); // nobody needs it any more
        }
}

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    struct plan plan = {*tiles[require_isa(paths)], n, rows, threads, .A = *A, .B = *B, .C = *C};
    const struct caches caches = find_caches();
    // A panel of A fills the nearest cache, the block of A three quarters of the second, that of B half of the last.
    const size_t number = sizeof(double), share = plan.tile.rows * ((rows - 1) / (plan.tile.rows * threads) + 1);
    plan.block.depth = block_size(n, min(512, caches.l1 / (plan.tile.rows * number)), 2);
    plan.block.rows = block_size(share, caches.l2 * 3 / 4 / (plan.block.depth * number), plan.tile.rows);
    plan.block.columns = block_size(n, caches.l3 / 2 / (plan.block.depth * number), plan.tile.columns);
    const size_t count_A = threads * plan.block.rows * plan.block.depth;
    plan.packed_A = packing_memory(count_A + plan.block.columns * plan.block.depth);
    plan.packed_B = plan.packed_A + count_A;
    pthread_barrier_init(&plan.barrier, NULL, (unsigned)threads);
    run_team(threads, work, &plan);
    pthread_barrier_destroy(&plan.barrier);
}

static const char *runs(void) { return isa_name(find_isa(paths)); }

const struct rung intrinsics = {
    .name = "intrinsics", .loop_order = "packed", .threads = "all", .multiply = multiply, .runs = runs, AS_BUILT};
