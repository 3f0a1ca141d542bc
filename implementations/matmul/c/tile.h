// The innermost kernel: adds to a tile of C, whose sums stay in registers, rows of A times columns of B.
#pragma once

#include <stddef.h>

// The numbers of A are `row` apart from row to row and `step` apart along it; rows of B are `next` apart, those of C
// `stride`. The depth is 1 at the least.
typedef void tile_kernel(size_t depth, const double *A, size_t row, size_t step, const double *B, size_t next,
                         double *C, size_t stride);

// Tiles of `rows` or half as many rows, and of one to three vectors of `lanes` numbers.
struct tile {
    tile_kernel *multiply[2][3];
    size_t rows, lanes;
};

#define EACH(index, count) _Pragma("GCC unroll 32") for (size_t index = 0; index < count; index++)

// Has the cache lines of a tile of C on their way before they are needed.
static inline void prefetch_tile(const double *C, size_t stride, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c += 8)
            __builtin_prefetch(C + r * stride + c, 1);
}

#define DEFINE_TILE(name, isa, bytes, rows, width)                                                          \
    __attribute__((target(isa))) static void name(size_t depth, const double *A, size_t row, size_t step,   \
                                                  const double *B, size_t next, double *C, size_t stride) { \
        typedef double vector __attribute__((vector_size(bytes), aligned(8)));                              \
        vector sums[rows][width] = {0};                                                                     \
        do {                                                                                                \
            vector b[width];                                                                                \
            EACH(v, width) b[v] = ((const vector *)B)[v];                                                   \
            EACH(r, rows) EACH(v, width) sums[r][v] += A[r * row] * b[v];                                   \
            A += step, B += next;                                                                           \
        } while (--depth);                                                                                  \
        EACH(r, rows) EACH(v, width)((vector *)(C + r * stride))[v] += sums[r][v];                          \
    }

#define DEFINE_TILES(name, isa, bytes, rows)            \
    DEFINE_TILE(name##_1, isa, bytes, rows, 1)          \
    DEFINE_TILE(name##_2, isa, bytes, rows, 2)          \
    DEFINE_TILE(name##_3, isa, bytes, rows, 3)          \
    DEFINE_TILE(name##_half_1, isa, bytes, rows / 2, 1) \
    DEFINE_TILE(name##_half_2, isa, bytes, rows / 2, 2) \
    DEFINE_TILE(name##_half_3, isa, bytes, rows / 2, 3) \
    static const struct tile name = {                   \
        {{name##_1, name##_2, name##_3}, {name##_half_1, name##_half_2, name##_half_3}}, rows, bytes / 8};
