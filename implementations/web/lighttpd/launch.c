/* launch [PORT [THREADS [ADDRESS]]]: starts a server whose configuration cannot take arguments. Reads a template of it,
 * puts the arguments in, and hands it over in a file that exists in memory only: the container is read-only. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char configuration[32];                                 /* where it is */
static char *const program[] = {PROGRAM, configuration, NULL}; /* -DPROGRAM='"/usr/sbin/it", "-f"' */

static const char *names[] = {"PORT", "THREADS", "ADDRESS"};
static const char *values[] = {"8080", "1", "0.0.0.0"};

/* Copies a template of `@NAME@`s, the names replaced by the values. */
static void fill_in(FILE *template, FILE *out) {
    char line[4096];
    while (fgets(line, sizeof line, template)) {
        for (char *at = line, *mark; *at; at = mark) {
            mark = strchrnul(at, '@');
            fwrite(at, 1, (size_t)(mark - at), out);
            for (size_t i = 0; *mark && i < sizeof names / sizeof *names; i++) {
                const size_t length = strlen(names[i]);
                if (strncmp(mark + 1, names[i], length) || mark[length + 1] != '@')
                    continue;
                fputs(values[i], out);
                mark += length + 2;
                break;
            }
            if (mark == at && *mark)
                fputc(*mark++, out); /* an @ of its own */
        }
    }
}

int main(int count, char **arguments) {
    if (count > 4) {
        fputs("usage: launch [PORT [THREADS [ADDRESS]]]\n", stderr);
        return 2;
    }
    for (int i = 1; i < count; i++)
        values[i - 1] = arguments[i];
    FILE *template = fopen("/template.conf", "r");
    const int made = memfd_create("configuration", 0);
    FILE *out = made < 0 ? NULL : fdopen(made, "w");
    if (!template || !out) {
        perror("launch");
        return 1;
    }
    fill_in(template, out);
    fclose(template);
    if (fflush(out)) {
        perror("launch");
        return 1;
    }
    snprintf(configuration, sizeof configuration, "/proc/self/fd/%d", made);
    execv(program[0], program);
    perror(program[0]);
    return 1;
}
