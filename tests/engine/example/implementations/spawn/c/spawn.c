// spawn info | spawn run RUNG N SAMPLES | spawn child K: a sample starts N children, one after the other.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long cpu_ns(void) {
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL + now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int exit_code_of_child(int k, int with_fork) {
  char number[16], *arguments[] = {"/spawn", "child", number, NULL};
  snprintf(number, sizeof number, "%d", k);
  pid_t child;
  if (!with_fork) {
    if (posix_spawn(&child, "/spawn", NULL, NULL, arguments, environ)) exit(1);
  } else if ((child = fork()) == 0) {
    execv("/spawn", arguments);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) exit(1);
  return WEXITSTATUS(status);
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "child") == 0) return atoi(words[2]) % 64;
  if (count == 2 && strcmp(words[1], "info") == 0) {
    const char *traits = "\"loop_order\":\"none\",\"layout\":\"contiguous\",\"threads\":\"one\",\"bounds_checks\":false,"
                         "\"fast_math\":false,\"flags\":\"-O2\",\"instruction_sets\":[\"baseline\"]";
    printf("{\"toolchain\":\"gcc %s\",\"rungs\":{\"fork\":{%s},\"spawn\":{%s}}}\n", __VERSION__, traits, traits);
    return 0;
  }
  if (count != 5) return 2;
  for (int left = atoi(words[4]); left > 0; left--) {
    long long wall = now_ns(CLOCK_MONOTONIC), cpu = cpu_ns();
    unsigned sum = 0;
    for (int k = 0; k < atoi(words[3]); k++) sum += exit_code_of_child(k, strcmp(words[2], "fork") == 0);
    printf("%lld %lld %u\n", now_ns(CLOCK_MONOTONIC) - wall, cpu_ns() - cpu, sum);
  }
  return 0;
}
