// Threads are started and joined within one multiplication: their cost is part of its time.
#include "team.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct member {
    pthread_t thread;
    void (*run)(void *shared, size_t t);
    void *shared;
    size_t t;
};

static void *run_member(void *argument) {
    const struct member *member = argument;
    member->run(member->shared, member->t);
    return NULL;
}

void run_team(size_t threads, void (*run)(void *shared, size_t t), void *shared) {
    struct member members[threads];
    for (size_t t = 1; t < threads; t++) {
        members[t] = (struct member){.run = run, .shared = shared, .t = t};
        const int error = pthread_create(&members[t].thread, NULL, run_member, &members[t]);
        if (error)
            FAIL(EXIT_FAILURE, "cannot start thread ", DECIMAL(t + 1), " of ", DECIMAL(threads), ": error ",
                 DECIMAL(error));
    }
    run(shared, 0);
    for (size_t t = 1; t < threads; t++)
        pthread_join(members[t].thread, NULL);
}

struct task {
    struct task *next;
    task_body *body;
    void *argument;
    size_t *pending; // how many of those joined with it, itself among them, are not done
};

// Runs whatever tasks there are until none is pending: who waits for his own helps the others. Holds the mutex between
// them.
static void work_until_none(struct pool *pool, const size_t *pending) {
    while (*pending) {
        struct task *task = pool->tasks;
        if (!task) {
            pthread_cond_wait(&pool->changed, &pool->mutex);
            continue;
        }
        pool->tasks = task->next;
        pthread_mutex_unlock(&pool->mutex);
        task->body(pool, task->argument);
        pthread_mutex_lock(&pool->mutex);
        if (!--*task->pending)
            pthread_cond_broadcast(&pool->changed);
    }
}

void fork_join(struct pool *pool, task_body *body, void *arguments, size_t size, size_t count) {
    struct task tasks[count];
    size_t pending = count;
    pthread_mutex_lock(&pool->mutex);
    for (size_t t = 0; t < count; t++) {
        tasks[t] = (struct task){pool->tasks, body, (char *)arguments + t * size, &pending};
        pool->tasks = &tasks[t];
    }
    pthread_cond_broadcast(&pool->changed);
    work_until_none(pool, &pending);
    pthread_mutex_unlock(&pool->mutex);
}

static void join_pool(void *shared, size_t t) {
    struct pool *pool = shared;
    (void)t;
    pthread_mutex_lock(&pool->mutex);
    work_until_none(pool, &pool->pending);
    pthread_mutex_unlock(&pool->mutex);
}

void run_pool(size_t threads, task_body *body, void *argument) {
    struct pool pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .pending = 1};
    struct task root = {NULL, body, argument, &pool.pending};
    pool.tasks = &root;
    run_team(threads, join_pool, &pool);
    pthread_cond_destroy(&pool.changed);
    pthread_mutex_destroy(&pool.mutex);
}
