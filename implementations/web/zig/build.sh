#!/bin/sh
# build.sh MODE [ARCHITECTURE]: the server, as web in this folder. MODE is safe (checks on) or small (checks off).
# build.sh test: what is in the sources' tests.
set -eu
if [ "$1" = test ]; then exec zig test tests.zig; fi
mode=$1 architecture=${2:-$(uname -m)}

# One object, a section for each function, so that the linker drops those that nothing calls. Nothing unwinds.
zig build-obj -O "$mode" -mcpu=baseline -target "$architecture-linux-none" -fstrip -fno-unwind-tables \
  -fomit-frame-pointer -fno-stack-check -fno-stack-protector -ffunction-sections -fdata-sections -femit-bin=web.o main.zig
# Functions begin where the last one ended: padding between them is for loops that go round more often than these.
objcopy --set-section-alignment '.text*=1' web.o
zig ld.lld -T web.ld --gc-sections --build-id=none -z norelro -o web web.o
rm web.o
# Section headers are for linkers and debuggers; the kernel loads by segments.
strip --strip-section-headers web
