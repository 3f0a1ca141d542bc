#include "arrays.h"
#include "../text.h"

#include <string.h>

enum { EXIT_CANNOT_RUN = 3 };

#define DEFINE_ARRAYS(N) double A_##N[2 * N][N], B_##N[2 * N][N], C_##N[N][N];
FOR_EACH_N(DEFINE_ARRAYS)

struct arrays find_arrays(const struct rung *rung, size_t n) {
    if (strncmp(rung->name, "naive@fixed", strlen("naive@fixed")))
        return (struct arrays){0};
    switch (n) {
#define CASE(N) \
    case N:     \
        return (struct arrays){A_##N, B_##N, C_##N};
        FOR_EACH_N(CASE)
    }
    FAIL(EXIT_CANNOT_RUN, rung->name, " is not built for n = ", DECIMAL(n));
}
