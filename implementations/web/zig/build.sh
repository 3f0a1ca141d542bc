#!/bin/sh
# build.sh MODE [ARCHITECTURE]: the server, as web in this folder. MODE is safe (checks on) or small (checks off).
# build.sh tiny: the curiosity, as tiny. build.sh test: what is in the sources' tests. build.sh fuzz: the parser under
# libFuzzer, as fuzz, on x86-64.
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

# Zig's instrumentation for fuzzing is the one that libFuzzer reads. The rest is what gcc would link with.
build_fuzz() {
  libraries=/usr/lib/x86_64-linux-gnu
  zig build-obj -O safe -ffuzz -target x86_64-linux-gnu -lc -fstrip -fno-stack-check -femit-bin=fuzz.o fuzz.zig
  zig ld.lld -o fuzz -dynamic-linker /lib64/ld-linux-x86-64.so.2 "$libraries/crt1.o" "$libraries/crti.o" fuzz.o \
    /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-x86_64.a "$libraries/libstdc++.so.6" \
    "$libraries/libgcc_s.so.1" "$libraries/libm.so.6" "-L$libraries" -lc "$libraries/crtn.o"
  mkdir -p corpus
  printf '\011\000\r\nGET http://a/json?b HTTP/1.1\r\nHost: a\r\nConnection: close, b\r\n\r\nGET / HTTP/1.0\r\n\r\n' >corpus/get
  printf '\100\000POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nabcdHEAD / HTTP/1.1\r\n' >corpus/length
  printf '\100\000PUT * HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n5 ; a="b\\"c"\r\n01234\r\n00\r\nX: y\r\n\r\n' >corpus/chunks
  printf '\120\000POST /matmul?n=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\n01234\r\n0\r\nX: y\r\n\r\n' >corpus/trailer
}

case $1 in
  fuzz) build_fuzz ;;
  test) zig test tests.zig ;;
  tiny) build tiny tiny.zig small "$(uname -m)" ;;
  *) build web main.zig "$1" "${2:-$(uname -m)}" ;;
esac
