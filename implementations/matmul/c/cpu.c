// The CPU's own word on its instruction sets, and the kernel's on its caches.
#include "cpu.h"
#include "text.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_CANNOT_RUN = 3 };

const char *isa_name(enum isa isa) {
    static const char *const names[] = {"none", "baseline", "avx2", "avx512", "neon"};
    return names[isa];
}

#if defined __x86_64__
#include <cpuid.h>

static bool holds(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

// gcc's __builtin_cpu_supports would bring 5 KB that know every CPU by name.
bool cpu_has(enum isa isa) {
    enum { BMI1 = 1 << 3, BMI2 = 1 << 8, LZCNT = 1 << 5 }; // <cpuid.h> calls this one by AMD's name
    uint32_t eax, ebx, ecx, edx, extended = 0, saved_registers, high;
    if (isa != AVX2 && isa != AVX512)
        return isa == BASELINE_ISA;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !holds(ecx, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C | bit_MOVBE))
        return false;
    // The kernel must save the vector registers too: bits 1 and 2 for AVX, 5 to 7 for AVX-512.
    __asm__("xgetbv" : "=a"(saved_registers), "=d"(high) : "c"(0));
    if (!holds(saved_registers, isa == AVX512 ? 0xe6 : 0x06) || !__get_cpuid(0x80000001, &eax, &ebx, &extended, &edx) ||
        !holds(extended, LZCNT) || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) ||
        !holds(ebx, bit_AVX2 | BMI1 | BMI2))
        return false;
    return isa == AVX2 || holds(ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL);
}
#elif defined __aarch64__
bool cpu_has(enum isa isa) { return isa == BASELINE_ISA || isa == NEON; } // every one has it
#endif

enum isa find_isa(const enum isa *paths) {
    const char *forced = getenv("MATMUL_ISA");
    for (; *paths; paths++)
        if (cpu_has(*paths) && (!forced || !strcmp(forced, isa_name(*paths))))
            return *paths;
    return NO_ISA;
}

enum isa require_isa(const enum isa *paths) {
    static const enum isa *asked; // a hypervisor answers for the CPU, which takes as long as a small product
    static enum isa found;
    if (asked != paths)
        found = find_isa(asked = paths);
    const char *forced = getenv("MATMUL_ISA");
    if (!found)
        FAIL(EXIT_CANNOT_RUN, "this rung has no path for this CPU", forced ? " that is called " : "",
             forced ? forced : "");
    return found;
}

// One line on a cache of the first core, without its end; "" where it cannot be read.
static void read_line(char index, const char *name, char line[static 32]) {
    char path[64] = "/sys/devices/system/cpu/cpu0/cache/index0/";
    enum { DIRECTORY = sizeof "/sys/devices/system/cpu/cpu0/cache/index0/" - 1 };
    path[DIRECTORY - 2] = index;
    memcpy(path + DIRECTORY, name, strlen(name));
    const int file = open(path, O_RDONLY);
    const ssize_t length = file < 0 ? 0 : read(file, line, 31);
    line[length > 0 ? length - 1 : 0] = 0;
    if (file >= 0)
        close(file);
}

static struct caches read_caches(void) {
    size_t bytes[] = {0, 32 << 10, 512 << 10, 4 << 20}; // of level 1 to 3, where the kernel does not tell
    for (char index = '0'; index < '8'; index++) {
        char type[32], level[32], size[32];
        read_line(index, "type", type);
        read_line(index, "level", level);
        read_line(index, "size", size);
        size_t kilobytes = 0; // strtoul knows all bases, and would be 2.5 KB
        const char *c = size;
        while (*c >= '0' && *c <= '9')
            kilobytes = 10 * kilobytes + (size_t)(*c++ - '0');
        if (*type != 'I' && *level >= '1' && *level <= '3' && kilobytes && *c == 'K') // not one for instructions
            bytes[*level - '0'] = kilobytes << 10;
    }
    return (struct caches){.l1 = bytes[1], .l2 = bytes[2], .l3 = bytes[3] > bytes[2] ? bytes[3] : bytes[2]};
}

struct caches find_caches(void) {
    static struct caches found; // reading them takes longer than a product of n = 128
    if (!found.l1)
        found = read_caches();
    return found;
}
