// The contract's program: `matmul info`, `matmul run` and `matmul peak`. The kernels are in kernels/.
#define _POSIX_C_SOURCE 200809L // clock_gettime
#include "kernels/kernel.h"
#include "peak.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The ladder, from the ground up. A new rung is its file, its line in build.sh and its name here, twice.
extern const struct rung naive, interchanged, parallel;
static const struct rung *const ladder[] = {&naive, &interchanged, &parallel};
static const size_t ladder_length = sizeof ladder / sizeof *ladder;

enum {
    EXIT_USAGE = 2,
    MAX_N = 65536, // so every entry of C, at most 1024 * n, fits the checksum's int32
    MAX_THREADS = 1024,
    MAX_SAMPLES = 1000000,
};

_Noreturn static void exit_usage(void) {
    fputs("usage: matmul info\n"
          "       matmul run RUNG N THREADS ROWS SAMPLES\n"
          "       matmul peak THREADS\n"
          "RUNG is one of:",
          stderr);
    for (size_t r = 0; r < ladder_length; r++)
        fprintf(stderr, " %s", ladder[r]->name);
    fputc('\n', stderr);
    exit(EXIT_USAGE);
}

static size_t parse_number(const char *name, const char *text, size_t max) {
    char *end;
    const unsigned long long number = strtoull(text, &end, 10);
    // strtoull would take a sign: "-1" is a huge number to it.
    if (*text < '0' || *text > '9' || *end || number < 1 || number > max) {
        warnx("%s must be a whole number from 1 to %zu, not \"%s\"", name, max, text);
        exit_usage();
    }
    return number;
}

static const struct rung *find_rung(const char *name) {
    for (size_t r = 0; r < ladder_length; r++)
        if (!strcmp(ladder[r]->name, name))
            return ladder[r];
    warnx("unknown rung \"%s\"", name);
    exit_usage();
}

static void *allocate(size_t count) {
    void *numbers = malloc(count * sizeof(double));
    if (!numbers)
        err(EXIT_FAILURE, "a matrix of %zu numbers", count);
    return numbers;
}

static void *read_matrix(const char *path, size_t count) {
    void *numbers = allocate(count);
    FILE *file = fopen(path, "rb");
    if (!file)
        err(EXIT_FAILURE, "%s", path);
    const size_t got = fread(numbers, sizeof(double), count, file);
    if (ferror(file))
        err(EXIT_FAILURE, "%s", path);
    if (got < count)
        errx(EXIT_FAILURE, "%s holds %zu numbers where %zu are needed", path, got, count);
    fclose(file);
    return numbers;
}

static void write_matrix(const char *path, const void *numbers, size_t count) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(numbers, sizeof(double), count, file) < count || fclose(file))
        err(EXIT_FAILURE, "%s", path);
}

static long long clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// The sum of int32(C[k]) * (2k + 1) mod 2^32: it changes where entries are wrong, and where they are swapped.
static uint32_t checksum(const double *C, size_t count) {
    uint32_t sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += (uint32_t)(int32_t)C[k] * (uint32_t)(2 * k + 1);
    return sum;
}

static void run(const struct rung *rung, size_t n, size_t threads, size_t rows, size_t samples) {
    double(*A)[n] = read_matrix("/data/a.f64", rows * n);
    double(*B)[n] = read_matrix("/data/b.f64", n * n);
    double(*C)[n] = allocate(rows * n);
    for (size_t s = 0; s < samples; s++) {
        memset(C, 0, sizeof(double[rows][n]));
        const long long cpu_start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        const long long wall_start_ns = clock_ns(CLOCK_MONOTONIC);
        rung->multiply(n, rows, threads, A, B, C);
        const long long wall_ns = clock_ns(CLOCK_MONOTONIC) - wall_start_ns;
        const long long cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_ns;
        printf("%lld %lld %u\n", wall_ns, cpu_ns, checksum(*C, rows * n));
        if (fflush(stdout))
            err(EXIT_FAILURE, "standard output");
    }
    write_matrix("/out/c.f64", C, rows * n);
    free(C);
    free(B);
    free(A);
}

static void info(void) {
    printf("{\"toolchain\": \"gcc %s\",\n \"rungs\": {", __VERSION__);
    for (size_t r = 0; r < ladder_length; r++) {
        const struct rung *rung = ladder[r];
        printf("%s\"%s\": {\"loop_order\": \"%s\", \"layout\": \"contiguous\", \"threads\": \"%s\",\n"
               "  \"bounds_checks\": false, \"fast_math\": %s, \"flags\": \"%s\", \"instruction_sets\": [\"%s\"]}",
               r ? ",\n  " : "\n  ", rung->name, rung->loop_order, rung->threads, rung->fast_math ? "true" : "false",
               rung->flags, rung->instruction_set);
    }
    puts("}}");
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    if (argc == 2 && !strcmp(command, "info")) {
        info();
    } else if (argc == 3 && !strcmp(command, "peak")) {
        printf("%.2f\n", peak_gflops(parse_number("THREADS", argv[2], MAX_THREADS)));
    } else if (argc == 7 && !strcmp(command, "run")) {
        const struct rung *rung = find_rung(argv[2]);
        const size_t n = parse_number("N", argv[3], MAX_N);
        const size_t threads = parse_number("THREADS", argv[4], MAX_THREADS);
        const size_t rows = parse_number("ROWS", argv[5], n);
        run(rung, n, threads, rows, parse_number("SAMPLES", argv[6], MAX_SAMPLES));
    } else {
        exit_usage();
    }
}
