// The recursion of `recursive` and `vectorized`: as published, eight products of half the size, in two phases.
#include "recursion.h"
#include "team.h"

struct node {
    struct product product;
    size_t base_size, forks; // forks: how many more levels run in parallel
    void (*base)(const struct product *);
};

// The product of quarters C[i][j] += A[i][k] * B[k][j].
static struct node child(const struct node *node, size_t i, size_t j, size_t k) {
    struct node child = *node;
    struct product *p = &child.product;
    const size_t m = p->m / 2, n = p->n / 2, depth = p->k / 2; // of the first half: the second may be one larger
    p->A += i * m * p->stride + k * depth;
    p->B += k * depth * p->stride + j * n;
    p->C += i * m * p->stride + j * n;
    p->m = i ? p->m - m : m;
    p->n = j ? p->n - n : n;
    p->k = k ? p->k - depth : depth;
    child.forks -= child.forks > 0;
    return child;
}

static void conquer(struct pool *pool, void *argument) {
    const struct node *node = argument;
    const struct product *p = &node->product;
    if (p->m <= node->base_size && p->n <= node->base_size && p->k <= node->base_size) {
        node->base(p);
        return;
    }
    for (size_t k = 0; k < 2; k++) { // the second half adds to the same quarters, so it has to wait
        struct node children[] = {child(node, 0, 0, k), child(node, 0, 1, k), child(node, 1, 0, k),
                                  child(node, 1, 1, k)};
        if (node->forks)
            fork_join(pool, conquer, children, sizeof *children, 4);
        else
            for (size_t c = 0; c < 4; c++)
                conquer(pool, &children[c]);
    }
}

void divide_and_conquer(size_t threads, struct product whole, size_t base_size, void (*base)(const struct product *)) {
    struct node root = {.product = whole, .base_size = base_size, .base = base};
    for (size_t tasks = 1; tasks < 4 * threads && threads > 1; tasks *= 4)
        root.forks++;
    run_pool(threads, conquer, &root);
}
