// Explicit vectors, and blocks copied into the order in which they are used: a tile of C stays in registers for a long
// run of k, its factors come from the nearest caches without a stride, and nearly every instruction multiplies and
// adds.
#if defined __x86_64__
#define INSTRUCTION_SET "x86-64-v3" // AVX2 and FMA; "aarch64" has NEON
#endif
#include "../cpu.h"
#include "../pack.h"
#include "../team.h"
#include "../tile.h"
#include "kernel.h"

enum {
    MAX_COLUMNS = 24,
    MAX_TILE = 8 * MAX_COLUMNS,
    FLOP_A_THREAD = 1 << 22, // multiplications that take twice as long as starting a thread
};

// The sums fill the registers but for a row of B and a number of A.
#if defined __x86_64__
DEFINE_TILES(avx512, "arch=x86-64-v4", 64, 8)
DEFINE_TILES(avx2, "arch=x86-64-v3", 32, 4)
static const enum isa paths[] = {AVX512, AVX2, NO_ISA};
static const struct tile *const tiles[] = {[AVX512] = &avx512, [AVX2] = &avx2};
#elif defined __aarch64__
DEFINE_TILES(neon, "+simd", 16, 8)
static const enum isa paths[] = {NEON, NO_ISA};
static const struct tile *const tiles[] = {[NEON] = &neon};
#endif

struct plan {
    struct tile tile;
    size_t n, rows, threads, block_rows, block_columns, block_depth;
    const double *A, *B;
    double *C, *packed_A, *packed_B;
    struct barrier barrier;
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
    return min(count, (count + unit - 1) / unit * t / threads * unit);
}

// Adds to the rows from `top` to `bottom` and the columns from `left` to `right` of a tile: the others are not ours.
static void add_part(tile_kernel *multiply, size_t depth, const double *A, size_t row, size_t step, const double *B,
                     size_t next, double *C, size_t stride, size_t top, size_t bottom, size_t left, size_t right) {
    double sums[MAX_TILE] = {0};
    multiply(depth, A, row, step, B, next, sums, MAX_COLUMNS);
    for (size_t r = top; r < bottom; r++)
        for (size_t c = left; c < right; c++)
            C[r * stride + c] += sums[r * MAX_COLUMNS + c];
}

// C += a packed block of A * a packed block of B. The panel of B stays near while the block of A passes.
static void multiply_blocks(const struct plan *plan, size_t rows, size_t columns, size_t depth, const double *A,
                            const double *B, double *C) {
    tile_kernel *multiply = plan->tile.multiply[0][2];
    const size_t height = plan->tile.rows, width = 3 * plan->tile.lanes, n = plan->n;
    for (size_t j = 0; j < columns; j += width)
        for (size_t i = 0; i < rows; i += height) {
            prefetch_tile(C + i * n + j, n, min(height, rows - i), min(width, columns - j));
            if (i + height <= rows && j + width <= columns)
                multiply(depth, A + i * depth, 1, height, B + j * depth, width, C + i * n + j, n);
            else
                add_part(multiply, depth, A + i * depth, 1, height, B + j * depth, width, C + i * n + j, n, 0,
                         min(height, rows - i), 0, min(width, columns - j));
        }
}

// A small product, whose B stays near by itself, is worth no copies. A tile that would leave C is moved back into it.
static void work_in_place(void *shared, size_t t) {
    const struct plan *plan = shared;
    const size_t n = plan->n, rows = plan->rows, lanes = plan->tile.lanes, unit = plan->tile.rows;
    const size_t bottom = part(rows, unit, t + 1, plan->threads);
    for (size_t j = 0, vectors; j < n; j += vectors * lanes) {
        vectors = n - j < 2 * lanes ? 1 : min(3, (n - j) / lanes);
        const size_t left = min(j, n - vectors * lanes);
        for (size_t i = part(rows, unit, t, plan->threads), height; i < bottom; i += height) {
            const bool is_low = rows - i <= unit / 2;
            height = is_low ? unit / 2 : unit;
            const size_t top = min(i, rows - height);
            tile_kernel *multiply = plan->tile.multiply[is_low][vectors - 1];
            const double *A = plan->A + top * n, *B = plan->B + left;
            double *C = plan->C + top * n + left;
            if (top == i && left == j)
                multiply(n, A, n, 1, B, n, C, n);
            else
                add_part(multiply, n, A, n, 1, B, n, C, n, i - top, height, j - left, vectors * lanes);
        }
    }
}

static void work(void *shared, size_t t) {
    struct plan *plan = shared;
    const size_t n = plan->n, threads = plan->threads, unit = 3 * plan->tile.lanes;
    const size_t top = part(plan->rows, plan->tile.rows, t, threads);
    const size_t bottom = part(plan->rows, plan->tile.rows, t + 1, threads);
    double *packed_A = plan->packed_A + t * plan->block_rows * plan->block_depth;
    for (size_t j = 0; j < n; j += plan->block_columns)
        for (size_t k = 0; k < n; k += plan->block_depth) {
            const size_t columns = min(plan->block_columns, n - j), depth = min(plan->block_depth, n - k);
            const size_t left = part(columns, unit, t, threads), right = part(columns, unit, t + 1, threads);
            pack_columns(right - left, depth, plan->B + k * n + j + left, n, unit, plan->packed_B + left * depth);
            wait_for_all(&plan->barrier); // the block of B is packed, by all for all
            for (size_t i = top; i < bottom; i += plan->block_rows) {
                const size_t rows = min(plan->block_rows, bottom - i);
                pack_rows(rows, depth, plan->A + i * n + k, n, plan->tile.rows, packed_A);
                multiply_blocks(plan, rows, columns, depth, packed_A, plan->packed_B, plan->C + i * n + j);
            }
            wait_for_all(&plan->barrier); // nobody needs it any more
        }
}

static void multiply(size_t n, size_t rows, size_t most_threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    const size_t threads = min(most_threads, 1 + n * n * rows / FLOP_A_THREAD);
    struct plan plan = {*tiles[require_isa(paths)], n, rows, threads, .A = *A, .B = *B, .C = *C};
    const struct caches caches = find_caches();
    if (n * n * sizeof(double) <= caches.l2 / 2 && rows >= plan.tile.rows && n >= plan.tile.lanes) {
        run_team(threads, work_in_place, &plan);
        return;
    }
    // A panel of A fills the nearest cache, the block of A three quarters of the second, that of B half of the last.
    const size_t number = sizeof(double), share = plan.tile.rows * ((rows - 1) / (plan.tile.rows * threads) + 1);
    plan.block_depth = block_size(n, min(512, caches.l1 / (plan.tile.rows * number)), 2);
    plan.block_rows = block_size(share, caches.l2 * 3 / 4 / (plan.block_depth * number), plan.tile.rows);
    plan.block_columns = block_size(n, caches.l3 / 2 / (plan.block_depth * number), 3 * plan.tile.lanes);
    const size_t count_A = threads * plan.block_rows * plan.block_depth;
    plan.packed_A = packing_memory(count_A + plan.block_columns * plan.block_depth);
    plan.packed_B = plan.packed_A + count_A;
    plan.barrier.threads = threads;
    run_team(threads, work, &plan);
}

static const char *runs(void) { return isa_name(find_isa(paths)); }

const struct rung intrinsics = {
    .name = "intrinsics", .loop_order = "packed", .threads = "all", .multiply = multiply, .runs = runs, AS_BUILT};
