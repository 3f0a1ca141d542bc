// One write for all parts of a text, so that what several threads or programs print does not mingle.
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int write_all(int file, const void *bytes, size_t size) {
    for (size_t put = 0; put < size;) {
        const ssize_t length = write(file, (const char *)bytes + put, size - put);
        if (length < 0)
            return -1;
        put += (size_t)length;
    }
    return 0;
}

void print_parts(int file, const char *const *parts) {
    char text[1024];
    size_t size = 0;
    for (; *parts; parts++)
        for (const char *c = *parts; *c && size < sizeof text; c++)
            text[size++] = *c;
    if (write_all(file, text, size))
        exit(EXIT_FAILURE);
}

void fail_parts(int status, const char *const *parts) {
    PRINT(STDERR_FILENO, "matmul: ");
    print_parts(STDERR_FILENO, parts);
    PRINT(STDERR_FILENO, "\n");
    exit(status);
}

const char *decimal(char text[static 21], unsigned long long number) {
    char *first = text + 20;
    *first = 0;
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    return first;
}
