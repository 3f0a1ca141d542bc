// Threads, in the two shapes that the kernels use.
#pragma once

#include <pthread.h>
#include <stddef.h>

// Calls run(shared, t) for every t below `threads`, each on a thread of its own (0 on the caller's), and joins them.
void run_team(size_t threads, void (*run)(void *shared, size_t t), void *shared);

// Fork and join: a team with a stack of tasks to share.
struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t changed; // a task came, or the last of some that are joined is done
    struct task *tasks;
    size_t pending;
};

typedef void task_body(struct pool *pool, void *argument);

// Calls body(pool, argument) in a pool of `threads` threads, the caller's among them, which run all that it forks.
void run_pool(size_t threads, task_body *body, void *argument);

// Calls body for each of `count` arguments of `size` bytes, on the threads that have time, and returns when all have
// returned. They may fork and join in their turn.
void fork_join(struct pool *pool, task_body *body, void *arguments, size_t size, size_t count);
