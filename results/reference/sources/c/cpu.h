// What the CPU at hand is able to do, and how large its caches are.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// The ways through a kernel that chooses at run time. NO_ISA ends a list of them, and is the choice where none fits.
enum isa { NO_ISA, BASELINE_ISA, AVX2, AVX512, NEON };

// The names are those of MATMUL_ISA and of "runs" in `matmul info`.
const char *isa_name(enum isa isa);

bool cpu_has(enum isa isa);

// The first of the paths that this CPU can run or, where MATMUL_ISA is set, that one if it is among them.
enum isa find_isa(const enum isa *paths);

// The same, but ends the program with exit code 3 and the reason where there is none.
enum isa require_isa(const enum isa *paths);

// Bytes that one core finds at each level.
struct caches {
    size_t l1, l2, l3;
};

struct caches find_caches(void);
