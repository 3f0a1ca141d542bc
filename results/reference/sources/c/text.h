// Printing without <stdio.h>: printf can do so much that it would be a quarter of the whole program.
#pragma once

#include <stddef.h>

// Writes all bytes to a file descriptor; 0, or -1 with errno set.
int write_all(int file, const void *bytes, size_t size);

// Writes strings, one after the other, to a file descriptor.
#define PRINT(file, ...) print_parts(file, (const char *const[]){__VA_ARGS__, NULL})

// Says on standard error what is wrong, and ends the program. An error of the system is told by its number: the texts
// that strerror has for them would be 2 KB.
#define FAIL(status, ...) fail_parts(status, (const char *const[]){__VA_ARGS__, NULL})

// A number as a string that lives as long as the block it stands in.
#define DECIMAL(number) decimal((char[21]){0}, number)

void print_parts(int file, const char *const *parts);
_Noreturn void fail_parts(int status, const char *const *parts);
const char *decimal(char text[static 21], unsigned long long number);
