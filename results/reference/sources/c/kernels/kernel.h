// What a kernel file and the main program agree on: one kernel, and what `matmul info` tells of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Adds the product of `rows` rows A and of B to C, and leaves A and B as they are (before C23 an array parameter
// cannot say so with `const` and still take any array).
//
// No array is `restrict`: for all that the compiler knows C overlaps A or B, so it must store every sum before it loads
// the next factors. That keeps the naive accumulation in memory, as written and as published; with arrays it can tell
// apart, gcc holds the sums in registers and vectorizes, and with -ffast-math it even exchanges the loops.
typedef void kernel(size_t n, size_t rows, size_t threads, double A[rows][n], double B[n][n], double C[rows][n]);

// A rung of the ladder. Each kernel file ends with the one it defines.
struct rung {
    const char *name;
    const char *loop_order;
    const char *threads; // "one" or "all"
    kernel *multiply;
    const char *(*runs)(void); // the path that it takes on this machine, where it chooses one at run time
    // AS_BUILT fills these from the kernel's own compilation.
    const char *toolchain;
    const char *flags;
    const char *instruction_set;
    bool fast_math;
};

#ifdef __FAST_MATH__
#define FAST_MATH true
#else
#define FAST_MATH false
#endif

// What it needs at the least: the baseline, unless the kernel file says more.
#if defined INSTRUCTION_SET
#elif defined __x86_64__
#define INSTRUCTION_SET "x86-64"
#elif defined __aarch64__
#define INSTRUCTION_SET "aarch64"
#endif

#ifndef TOOLCHAIN
#define TOOLCHAIN "gcc " __VERSION__
#endif

// FLAGS comes from build.sh, which compiled this file with just these.
#define AS_BUILT .toolchain = TOOLCHAIN, .flags = FLAGS, .instruction_set = INSTRUCTION_SET, .fast_math = FAST_MATH
