// Threads that work together.
#pragma once

#include <stdatomic.h>
#include <stddef.h>

// Calls run(shared, t) for every t below `threads`, each on a thread of its own (0 on the caller's), and joins them.
void run_team(size_t threads, void (*run)(void *shared, size_t t), void *shared);

// Where the threads of a team wait for one another; all but `threads` is 0 in the beginning.
struct barrier {
    size_t threads;
    atomic_size_t arrived;
    atomic_uint rounds;
};

// Returns when all have called it as often.
void wait_for_all(struct barrier *barrier);
