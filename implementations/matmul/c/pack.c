// Copying is a few per cent of a multiplication: every number packed is used hundreds of times.
#define _DEFAULT_SOURCE // MAP_ANONYMOUS, madvise
#include "pack.h"
#include "text.h"

#include <stdlib.h>
#include <sys/mman.h>

// Pairs, which every CPU has registers for. A transposes in squares of two by two; memory would be the slower way.
typedef double pair __attribute__((vector_size(16), aligned(8)));
typedef long long order __attribute__((vector_size(16)));

void copy_rows(size_t rows, size_t columns, const double *from, size_t stride, size_t width, double *to, size_t next) {
    for (; rows; rows--, from += stride, to += next) {
        size_t c = 0;
        for (; c + 2 <= columns; c += 2)
            *(pair *)(to + c) = *(const pair *)(from + c);
        for (; c < width; c++)
            to[c] = c < columns ? from[c] : 0;
    }
}

void pack_rows(size_t rows, size_t depth, const double *A, size_t stride, size_t height, double *packed) {
    for (size_t i = 0; i < rows; i += height, A += height * stride, packed += height * depth) {
        size_t k = 0;
        if (i + height <= rows)
            for (; k + 2 <= depth; k += 2)
                for (size_t r = 0; r < height; r += 2) {
                    const double *from = A + r * stride + k;
                    const pair upper = *(const pair *)from, lower = *(const pair *)(from + stride);
                    double *to = packed + k * height + r;
                    *(pair *)to = __builtin_shuffle(upper, lower, (order){0, 2});
                    *(pair *)(to + height) = __builtin_shuffle(upper, lower, (order){1, 3});
                }
        for (; k < depth; k++)
            for (size_t r = 0; r < height; r++)
                packed[k * height + r] = i + r < rows ? A[r * stride + k] : 0;
    }
}

void pack_columns(size_t columns, size_t depth, const double *B, size_t stride, size_t width, double *packed) {
    enum { ROWS = 16 }; // at a time: long enough for writing in runs, few enough for reading along each
    for (size_t k = 0; k < depth; k += ROWS)
        for (size_t j = 0; j < columns; j += width) {
            const size_t rows = depth - k < ROWS ? depth - k : ROWS, count = columns - j < width ? columns - j : width;
            copy_rows(rows, count, B + k * stride + j, stride, width, packed + j * depth + k * width, width);
        }
}

enum { HUGE_PAGE = 2 << 20 };

double *packing_memory(size_t count) {
    static double *kept;
    static size_t kept_bytes;
    const size_t bytes = (count * sizeof(double) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (bytes <= kept_bytes)
        return kept;
    munmap(kept, kept_bytes);
    kept = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (kept == MAP_FAILED)
        FAIL(EXIT_FAILURE, "cannot get ", DECIMAL(bytes), " bytes for packing");
    kept_bytes = bytes;
    madvise(kept, kept_bytes, MADV_HUGEPAGE); // advice: no harm where it is not taken
    return kept;
}
