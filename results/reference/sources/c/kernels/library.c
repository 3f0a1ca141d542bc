// OpenBLAS, the matrix multiplication that most of C's users link: blocked and packed as `intrinsics` is, in assembly
// written for each kind of CPU, of which it chooses at run time.
#include <cblas.h>

#define TOOLCHAIN "gcc " __VERSION__ " with" OPENBLAS_VERSION "(static)"
#include "kernel.h"

static void multiply(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]) {
    const blasint m = (blasint)rows, order = (blasint)n;
    openblas_set_num_threads((int)threads);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, order, order, 1, *A, order, *B, order, 1, *C, order);
}

static const char *runs(void) { return openblas_get_corename(); }

const struct rung library = {
    .name = "library", .loop_order = "library", .threads = "all", .multiply = multiply, .runs = runs, AS_BUILT};
