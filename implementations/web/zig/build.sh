#!/bin/sh
# build.sh MODE [ARCHITECTURE]: the server, as web in this folder. MODE is safe (checks on) or small (checks off).
# build.sh tiny: the curiosity, as tiny. build.sh test: what is in the sources' tests. build.sh fuzz: the parser under
# libFuzzer, as fuzz, on x86-64.
set -eu

# build NAME SOURCE MODE ARCHITECTURE: one object, a section for each function, so that the linker drops those that
# nothing calls; nothing unwinds.
build() {
  cpu=baseline
  # Without two hints for some older processors, which have the longer instruction of two.
  if [ "$4" = x86_64 ]; then cpu=baseline-slow_3ops_lea-slow_incdec; fi
  zig build-obj -O "$3" -mcpu="$cpu" -target "$4-linux-none" -fstrip -fno-unwind-tables -fomit-frame-pointer \
    -fno-stack-check -fno-stack-protector -ffunction-sections -fdata-sections -femit-bin="$1.o" "$2"
  # On x86-64 functions begin where the last one ended: padding is for loops that go round more often than these.
  if [ "$4" = x86_64 ]; then objcopy --set-section-alignment '.text*=1' "$1.o"; fi
  zig ld.lld -T "${2%.zig}.ld" --gc-sections --build-id=none -z norelro -o "$1" "$1.o"
  rm "$1.o"
  # Section headers are for linkers and debuggers; the kernel loads by segments.
  if [ "$4" = "$(uname -m)" ]; then strip --strip-section-headers "$1"; fi
}

# Zig's instrumentation for fuzzing is the one that libFuzzer reads. The rest is what gcc would link with.
build_fuzz() {
  libraries=/usr/lib/x86_64-linux-gnu
  zig build-obj -O safe -ffuzz -target x86_64-linux-gnu -lc -fstrip -fno-stack-check -femit-bin=fuzz.o fuzz.zig
  zig ld.lld -o fuzz -dynamic-linker /lib64/ld-linux-x86-64.so.2 "$libraries/crt1.o" "$libraries/crti.o" fuzz.o \
    /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-x86_64.a "$libraries/libstdc++.so.6" \
    "$libraries/libgcc_s.so.1" "$libraries/libm.so.6" "-L$libraries" -lc "$libraries/crtn.o"
  mkdir -p corpus
  seed get '\011' 'GET http://a/json?b HTTP/1.1' 'Host: a' 'Connection: close, b' '' 'GET / HTTP/1.0' ''
  seed length '\100' 'POST /echo HTTP/1.1' 'Host: a' 'Content-Length: 6' 'Expect: 100-continue' '' 'abcd' 'HEAD /'
  seed chunks '\100' 'PUT * HTTP/1.1' 'Host: a' 'Transfer-Encoding: ,chunked' '' '5 ; a="b"' '01234' '00' 'X: y' ''
  seed product '\120' 'POST /matmul?n=1 HTTP/1.1' 'Host: a' 'Transfer-Encoding: chunked' '' '1' '0' '0' 'X: y' ''
}

# seed NAME CUT LINE...: an input to begin with.
seed() {
  { printf '%b\000' "$2"; shift 2; printf '%s\r\n' "$@"; } >"corpus/$1"
}

case $1 in
  fuzz) build_fuzz ;;
  test) zig test tests.zig ;;
  tiny) build tiny tiny.zig small "$(uname -m)" ;;
  *) build web main.zig "$1" "${2:-$(uname -m)}" ;;
esac
