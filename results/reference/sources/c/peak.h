#pragma once

#include <stddef.h>

// The GFLOP/s of the fastest loop of multiply-adds over every vector width this CPU has, on `threads` threads.
double peak_gflops(size_t threads);
