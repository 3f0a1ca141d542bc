// The naive kernel as it is, compiled with the flags of a variant.
#define JOINED(one, other) one##other
#define LADDERS_OWN(rung) JOINED(rung, _of_the_ladder)
#define naive LADDERS_OWN(RUNG)
#include "../kernels/naive.c"

const struct rung RUNG = {.name = NAME, .loop_order = "ijk", .threads = "one", .multiply = multiply, AS_BUILT};
