// The recursion of `recursive` and `vectorized`: as published, eight products of half the size, in two phases.
#include "recursion.h"
#include "team.h"

// The product of quarters C[i][j] += A[i][k] * B[k][j].
static struct product part(const struct product *whole, size_t i, size_t j, size_t k) {
    struct product p = *whole;
    const size_t m = p.m / 2, n = p.n / 2, depth = p.k / 2; // of the first half: the second may be one larger
    p.A += i * m * p.stride + k * depth;
    p.B += k * depth * p.stride + j * n;
    p.C += i * m * p.stride + j * n;
    p.m = i ? p.m - m : m;
    p.n = j ? p.n - n : n;
    p.k = k ? p.k - depth : depth;
    return p;
}

static void conquer(const struct product *p, size_t base_size, base_case *base) {
    if (p->m <= base_size && p->n <= base_size && p->k <= base_size) {
        base(p);
        return;
    }
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j < 2; j++) {
                const struct product eighth = part(p, i, j, k);
                conquer(&eighth, base_size, base);
            }
}

// The topmost levels at once: two phases a level make 2^levels of them, each of the products for 4^levels blocks of C.
struct division {
    struct product whole;
    size_t levels, base_size;
    base_case *base;
    atomic_size_t next; // product that nobody has taken yet
    struct barrier barrier;
};

static void work(void *shared, size_t t) {
    struct division *division = shared;
    const size_t levels = division->levels;
    (void)t;
    for (size_t phase = 0, taken = division->next++; phase >> levels == 0; phase++) {
        for (; taken >> 2 * levels == phase; taken = division->next++) {
            struct product p = division->whole;
            for (size_t l = 0; l < levels; l++)
                p = part(&p, taken >> (2 * l + 1) & 1, taken >> 2 * l & 1, phase >> l & 1);
            conquer(&p, division->base_size, division->base);
        }
        wait_for_all(&division->barrier); // the next phase adds to the same blocks
    }
}

void divide_and_conquer(size_t threads, struct product whole, size_t base_size, base_case *base) {
    struct division division = {.whole = whole, .base_size = base_size, .base = base, .barrier = {.threads = threads}};
    while (threads > 1 && (size_t)1 << 2 * division.levels < 4 * threads && whole.n >> division.levels > base_size)
        division.levels++;
    run_team(threads, work, &division);
}
