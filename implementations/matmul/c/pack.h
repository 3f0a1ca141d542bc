// Packing: the copies that a packed kernel works on. The numbers that one call of its innermost kernel reads stand in
// the order in which it reads them.
#pragma once

#include <stddef.h>

// Copies rows of `columns` numbers, `stride` apart, fills each up with zeros to `width`, and puts them `next` apart.
void copy_rows(size_t rows, size_t columns, const double *from, size_t stride, size_t width, double *to, size_t next);

// Copies `rows` x `depth` numbers of A, whose rows are `stride` apart, into panels of `height` rows, each column of a
// panel after the other; the last panel is filled up with zeros.
void pack_rows(size_t rows, size_t depth, const double *A, size_t stride, size_t height, double *packed);

// Copies `depth` x `columns` numbers of B into panels of `width` columns, each row of a panel after the other; the last
// panel is filled up with zeros.
void pack_columns(size_t columns, size_t depth, const double *B, size_t stride, size_t width, double *packed);

// Memory for `count` numbers, in huge pages where there are any. It is kept for the next call, as libraries do: zeroing
// new pages would cost a small product a tenth of its time. One product at a time may use it.
double *packing_memory(size_t count);
