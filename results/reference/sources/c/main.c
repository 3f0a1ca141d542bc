// The contract's program: `matmul info`, `matmul run` and `matmul peak`. The kernels are in kernels/.
#define _DEFAULT_SOURCE // MAP_ANONYMOUS
#include "kernels/kernel.h"
#include "peak.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// The ladder, from the ground up. A new rung is its file, its line in build.sh and its name here, twice.
#ifdef LIBRARY
extern const struct rung library;
static const struct rung *const ladder[] = {&library};
#elif defined VARIANTS
#include "variants/arrays.h"
extern const struct rung naive_O0, naive_O1, naive_fixed_O0, naive_fixed, naive_fixed_fast_math;
static const struct rung *const ladder[] = {&naive_O0, &naive_O1, &naive_fixed_O0, &naive_fixed,
                                            &naive_fixed_fast_math};
#else
extern const struct rung naive, interchanged, parallel, recursive, vectorized, intrinsics;
static const struct rung *const ladder[] = {&naive, &interchanged, &parallel, &recursive, &vectorized, &intrinsics};
#endif
static const size_t ladder_length = sizeof ladder / sizeof *ladder;

enum {
    EXIT_USAGE = 2,
    MAX_N = 32768, // the contract's; every entry of C, at most 1024 * n, fits the checksum's int32
    MAX_THREADS = 1024,
    MAX_CALLS = 1 << 21, // of products of n = 1, whose sum still fits it
    MAX_SAMPLES = 1000000,
};

_Noreturn static void exit_usage(void) {
    PRINT(STDERR_FILENO, "usage: matmul info\n"
                         "       matmul run RUNG N THREADS FIRST ROWS CALLS SAMPLES\n"
                         "       matmul peak THREADS\n"
                         "RUNG is one of:");
    for (size_t r = 0; r < ladder_length; r++)
        PRINT(STDERR_FILENO, " ", ladder[r]->name);
    PRINT(STDERR_FILENO, "\n");
    exit(EXIT_USAGE);
}

static size_t parse_number(const char *name, const char *text, size_t min, size_t max) {
    size_t number = 0;
    const char *digit = text;
    while (*digit >= '0' && *digit <= '9' && number <= max)
        number = 10 * number + (size_t)(*digit++ - '0');
    if (digit == text || *digit || number < min || number > max) {
        PRINT(STDERR_FILENO, name, " must be a whole number from ", DECIMAL(min), " to ", DECIMAL(max), ", not \"",
              text, "\"\n");
        exit_usage();
    }
    return number;
}

static const struct rung *find_rung(const char *name) {
    for (size_t r = 0; r < ladder_length; r++)
        if (!strcmp(ladder[r]->name, name))
            return ladder[r];
    PRINT(STDERR_FILENO, "unknown rung \"", name, "\"\n");
    exit_usage();
}

// Pages of its own: malloc would be a tenth of the program.
static void *allocate(size_t count) {
    void *numbers = mmap(NULL, count * sizeof(double), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (numbers == MAP_FAILED)
        FAIL(EXIT_FAILURE, "a matrix of ", DECIMAL(count), " numbers: error ", DECIMAL(errno));
    return numbers;
}

// Reads `count` bytes of the first `size` of a file, from `first` on; after the last of them comes the first.
static void read_around(const char *path, char *to, size_t count, size_t first, size_t size) {
    const int file = open(path, O_RDONLY);
    if (file < 0)
        FAIL(EXIT_FAILURE, path, ": error ", DECIMAL(errno));
    for (size_t got = 0; got < count;) {
        const size_t at = (first + got) % size, left = count - got;
        const ssize_t length = pread(file, to + got, left < size - at ? left : size - at, (off_t)at);
        if (length < 0)
            FAIL(EXIT_FAILURE, path, ": error ", DECIMAL(errno));
        if (!length)
            FAIL(EXIT_FAILURE, path, " ends after ", DECIMAL(at), " bytes where ", DECIMAL(size), " are needed");
        got += (size_t)length;
    }
    close(file);
}

static void write_matrix(const char *path, const void *numbers, size_t count) {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || write_all(file, numbers, count * sizeof(double)) || close(file))
        FAIL(EXIT_FAILURE, path, ": error ", DECIMAL(errno));
}

static unsigned long long clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (unsigned long long)now.tv_sec * 1000000000 + (unsigned long long)now.tv_nsec;
}

// The sum of int32(C[k]) * (2k + 1) mod 2^32: it changes where entries are wrong, and where they are swapped.
static uint32_t checksum(const double *C, size_t count) {
    uint32_t sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += (uint32_t)(int32_t)C[k] * (uint32_t)(2 * k + 1);
    return sum;
}

#ifdef VARIANTS // of which some have arrays of their own
#define ROOM(matrix, rows) (find_arrays(rung, n).matrix ? find_arrays(rung, n).matrix : allocate((rows) * n))
#else
#define ROOM(matrix, rows) allocate((rows) * n)
#endif

struct batch {
    size_t first, rows, calls, samples;
};

static void run(const struct rung *rung, size_t n, size_t threads, struct batch batch) {
    const size_t row = n * sizeof(double), rows = batch.rows;
    const size_t starts = batch.calls < n ? batch.calls : n; // a row further down with every call, up to all of them
    double(*A)[n] = ROOM(A, rows + starts);
    double(*B)[n] = ROOM(B, n + starts);
    double(*C)[n] = ROOM(C, rows);
    for (size_t s = 0; s < batch.samples; s++) {
        read_around("/data/a.f64", (char *)A, (rows + starts) * row, (batch.first + s * (rows + 2)) % n * row, n * row);
        read_around("/data/b.f64", (char *)B, (n + starts) * row, (batch.first + s) % n * row, n * row);
        memset(C, 0, rows * row);
        const unsigned long long cpu_start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        const unsigned long long wall_start_ns = clock_ns(CLOCK_MONOTONIC);
        for (size_t call = 0; call < batch.calls; call++)
            rung->multiply(n, rows, threads, A + call % n, B + call % n, C);
        const unsigned long long wall_ns = clock_ns(CLOCK_MONOTONIC) - wall_start_ns;
        const unsigned long long cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_ns;
        PRINT(STDOUT_FILENO, DECIMAL(wall_ns), " ", DECIMAL(cpu_ns), " ", DECIMAL(checksum(*C, rows * n)), "\n");
    }
    write_matrix("/out/c.f64", C, rows * n);
}

static void info(void) {
    PRINT(STDOUT_FILENO, "{\"toolchain\": \"", ladder[0]->toolchain, "\",\n \"rungs\": {");
    for (size_t r = 0; r < ladder_length; r++) {
        const struct rung *rung = ladder[r];
        PRINT(STDOUT_FILENO, r ? ",\n  \"" : "\n  \"", rung->name, "\": {\"loop_order\": \"", rung->loop_order,
              "\", \"layout\": \"contiguous\", \"threads\": \"", rung->threads,
              "\",\n    \"bounds_checks\": false, \"fast_math\": ", rung->fast_math ? "true" : "false",
              ", \"flags\": \"", rung->flags, "\",\n    \"instruction_sets\": [\"", rung->instruction_set, "\"]");
        if (rung->runs)
            PRINT(STDOUT_FILENO, ", \"runs\": \"", rung->runs(), "\"");
        PRINT(STDOUT_FILENO, "}");
    }
    PRINT(STDOUT_FILENO, "}}\n");
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    if (argc == 2 && !strcmp(command, "info")) {
        info();
    } else if (argc == 3 && !strcmp(command, "peak")) {
        const double gflops = peak_gflops(parse_number("THREADS", argv[2], 1, MAX_THREADS));
        const unsigned hundredths = (unsigned)(100 * gflops + 0.5);
        PRINT(STDOUT_FILENO, DECIMAL(hundredths / 100), ".", DECIMAL(hundredths / 10 % 10), DECIMAL(hundredths % 10),
              "\n");
    } else if (argc == 9 && !strcmp(command, "run")) {
        const struct rung *rung = find_rung(argv[2]);
        const size_t n = parse_number("N", argv[3], 1, MAX_N);
        const size_t threads = parse_number("THREADS", argv[4], 1, MAX_THREADS);
        run(rung, n, threads,
            (struct batch){
                .first = parse_number("FIRST", argv[5], 0, n - 1),
                .rows = parse_number("ROWS", argv[6], 1, n),
                .calls = parse_number("CALLS", argv[7], 0, MAX_CALLS),
                .samples = parse_number("SAMPLES", argv[8], 1, MAX_SAMPLES),
            });
    } else {
        exit_usage();
    }
}
