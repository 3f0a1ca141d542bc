// The ceiling that every kernel is held against: multiply-adds that touch nothing but registers.
#define _POSIX_C_SOURCE 200809L // clock_gettime
#include "peak.h"
#include "cpu.h"
#include "team.h"

#include <time.h>

enum {
    MULTIPLY_ADDS = 1 << 29, // instructions a thread: 0.1 to 0.2 s on the CPUs of today
    REPETITIONS = 5,
};

// Volatile, so that no compiler computes the chains beforehand. Each converges to 1: no overflow, no denormals.
static volatile double half = 0.5;

// Unrolled whole, so that every chain lives in a register of its own.
#define EACH_CHAIN(chains) _Pragma("GCC unroll 32") for (int c = 0; c < chains; c++)

// Defines a loop over as many independent chains of x = x * 0.5 + 0.5 as the registers hold, which hides the
// latency of each. It returns what they came to, so that they are not optimized away.
#define DEFINE_LOOP(name, isa, bytes, chains, multiply_add)        \
    __attribute__((target(isa))) static double name(void) {        \
        typedef double vector __attribute__((vector_size(bytes))); \
        vector x[chains], h = half + (vector){0}, sum = {0};       \
        EACH_CHAIN(chains) x[c] = sum += h;                        \
        for (int step = 0; step < MULTIPLY_ADDS / chains; step++)  \
            EACH_CHAIN(chains) x[c] = multiply_add;                \
        EACH_CHAIN(chains) sum += x[c];                            \
        return sum[0];                                             \
    }

#if defined __x86_64__
DEFINE_LOOP(sse2, "sse2", 16, 12, x[c] * h + h)
DEFINE_LOOP(avx2, "avx2,fma", 32, 12, x[c] * h + h)
DEFINE_LOOP(avx512, "avx512f", 64, 24, x[c] * h + h)
#elif defined __aarch64__
#include <arm_neon.h>
// The instruction adds to its destination, so this chain grows by 0.25 a step; x * h + h would cost a move.
DEFINE_LOOP(neon, "+simd", 16, 24, vfmaq_f64(x[c], h, h))
#endif

struct measurement {
    double (*loop)(void);
    struct barrier barrier;
    double seconds;
};

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void work(void *shared, size_t t) {
    struct measurement *measurement = shared;
    wait_for_all(&measurement->barrier);
    const double begin_s = now_s();
    volatile double result = measurement->loop();
    (void)result;
    wait_for_all(&measurement->barrier);
    if (t == 0)
        measurement->seconds = now_s() - begin_s;
}

static double max(double a, double b) { return a > b ? a : b; }

static double gflops(double (*loop)(void), size_t vector_doubles, size_t threads) {
    double best = 0;
    for (int r = 0; r < REPETITIONS; r++) {
        struct measurement measurement = {.loop = loop, .barrier = {.threads = threads}};
        run_team(threads, work, &measurement);
        best = max(best, 2e-9 * MULTIPLY_ADDS * (double)(vector_doubles * threads) / measurement.seconds);
    }
    return best;
}

double peak_gflops(size_t threads) {
#if defined __x86_64__
    double best = gflops(sse2, 2, threads);
    if (cpu_has(AVX2))
        best = max(best, gflops(avx2, 4, threads));
    if (cpu_has(AVX512))
        best = max(best, gflops(avx512, 8, threads));
    return best;
#elif defined __aarch64__
    return gflops(neon, 2, threads);
#endif
}
