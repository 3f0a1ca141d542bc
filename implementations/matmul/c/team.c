// Threads are started and joined within one multiplication: their cost is part of its time.
#define _DEFAULT_SOURCE // syscall
#include "team.h"
#include "text.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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
            FAIL(EXIT_FAILURE, "cannot start thread ", DECIMAL(t + 1), ": error ", DECIMAL(error));
    }
    run(shared, 0);
    for (size_t t = 1; t < threads; t++)
        pthread_join(members[t].thread, NULL);
}

// POSIX's barrier serves several processes as well, and would be 1.4 KB.
void wait_for_all(struct barrier *barrier) {
    enum { WAIT_PRIVATE = 128, WAKE_PRIVATE = 129 }; // musl does not have <linux/futex.h>
    const unsigned round = barrier->rounds;
    if (++barrier->arrived < barrier->threads) {
        for (int spins = 0; barrier->rounds == round; spins++)
            if (spins > 1000) // most waits are shorter than falling asleep
                syscall(SYS_futex, &barrier->rounds, WAIT_PRIVATE, round, NULL);
    } else {
        barrier->arrived = 0;
        barrier->rounds++;
        syscall(SYS_futex, &barrier->rounds, WAKE_PRIVATE, INT_MAX);
    }
}
