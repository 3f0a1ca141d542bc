#!/bin/sh
# Builds ./matmul or, as `build.sh library`, ./library, or runs the tests: `build.sh test`.
set -eu
arch=$(uname -m)
# A named target keeps the builder's own kernel version out of the binary.
target="$arch-linux"
flags="-O fast -mcpu=baseline"
levels="x86_64_v4-prefer_256_bit x86_64_v3 baseline"
level_flags="-O fast, with each -mcpu of $levels"

options() {
  printf 'pub const %s;\n' "flags = \"$flags\"" "level_flags = \"$level_flags\"" "library: ?[]const u8 = $1" \
    >build_options.zig
}

# Compiles levels.zig for each level of this architecture, into objects named in $objects.
build_levels() {
  objects=
  for level in $levels; do
    case $level in x86_64*) [ "$arch" = x86_64 ] || continue ;; esac
    zig build-obj -O "$1" -fno-unwind-tables "-mcpu=$level" -target "$target" "-femit-bin=$level.o" levels.zig
    objects="$objects $level.o"
  done
}

# The compiler must have packed the products that vectorized.zig spells out one by one.
assert_packed() {
  objdump -d --no-show-raw-insn "$1.o" | sed -n '/<vectorized_.*>:$/,/^$/p' >"$1.s"
  grep -m1 "$2" "$1.s"
  if grep -E '\s(v?mul|vfm?add[0-9]+)sd|\sfm(ul|add)\s+d' "$1.s"; then exit 1; fi
}

case ${1:-} in
library)
  # OpenBLAS is built for glibc, which zig links only dynamically: gcc makes the one static executable.
  options "\"OpenBLAS $(dpkg-query -W -f '${Version}' libopenblas-pthread-dev)\""
  zig build-obj -lc -fcompiler-rt -ffunction-sections -femit-bin=library.o $flags -target "$target-gnu" \
    --dep program -Mroot=core.zig -O small -mcpu=baseline -target "$target-gnu" --dep core=root -Mprogram=main.zig
  gcc-14 -static -s -Wl,--gc-sections library.o -lopenblas -lm -o library
  ;;
test)
  options null
  objects=
  [ "$arch" = aarch64 ] || build_levels safe
  tested() { # TARGET-FLAGS...
    zig test --test-no-exec "$@" -O safe --dep program -Mroot=core.zig -O safe --dep core=root -Mprogram=main.zig $objects
  }
  tested -mcpu=baseline -femit-bin=tests
  ./tests
  if [ "$arch" = x86_64 ]; then # AVX2 and NEON, whatever this CPU has
    objects= tested -target aarch64-linux -femit-bin=tests-aarch64
    export EMULATED=
    qemu-x86_64 -cpu max ./tests
    qemu-aarch64 ./tests-aarch64
  fi
  ;;
*)
  options null
  build_levels fast
  if [ "$arch" = x86_64 ]; then
    assert_packed x86_64_v4-prefer_256_bit 'vfmadd.*pd .*%zmm'
    assert_packed x86_64_v3 'vfmadd.*pd .*%ymm'
    assert_packed baseline 'mulpd .*%xmm'
  else
    assert_packed baseline 'fmla.*v.*\.2d'
  fi
  # The program for size, and all else for speed. Nothing unwinds stacks, and no data is read-only once relocated.
  zig build-exe -femit-bin=matmul -fno-unwind-tables --gc-sections -z norelro $flags -target "$target" --dep program -Mroot=core.zig \
    -O small -mcpu=baseline -target "$target" -fno-unwind-tables --dep core=root -Mprogram=main.zig $objects
  ;;
esac
