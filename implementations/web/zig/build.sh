#!/bin/sh
# build.sh MODE [ARCHITECTURE]: the server, as web in this folder. MODE is safe (checks on) or small (checks off).
# build.sh tiny: the curiosity, as tiny. build.sh test: what is in the sources' tests.
set -eu

# build NAME SOURCE MODE ARCHITECTURE: one object, a section for each function, so that the linker drops those that
# nothing calls; nothing unwinds.
build() {
  zig build-obj -O "$3" -mcpu=baseline -target "$4-linux-none" -fstrip -fno-unwind-tables -fomit-frame-pointer \
    -fno-stack-check -fno-stack-protector -ffunction-sections -fdata-sections -femit-bin="$1.o" "$2"
  # On x86-64 functions begin where the last one ended: padding is for loops that go round more often than these.
  if [ "$4" = x86_64 ]; then objcopy --set-section-alignment '.text*=1' "$1.o"; fi
  zig ld.lld -T "${2%.zig}.ld" --gc-sections --build-id=none -z norelro -o "$1" "$1.o"
  rm "$1.o"
  # Section headers are for linkers and debuggers; the kernel loads by segments.
  if [ "$4" = "$(uname -m)" ]; then strip --strip-section-headers "$1"; fi
}

case $1 in
  test) zig test tests.zig ;;
  tiny) build tiny tiny.zig small "$(uname -m)" ;;
  *) build web main.zig "$1" "${2:-$(uname -m)}" ;;
esac
