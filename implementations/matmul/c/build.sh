#!/bin/sh
# Builds ./matmul, a static executable. CC and LINK may change that for a check; the image is built without either.
set -eu
cc="${CC:-musl-gcc -fno-pie} -Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter -fno-asynchronous-unwind-tables" # all kernels share one signature

# compile FILE FLAGS...: the very flags that compile a file are what it reports in `matmul info`.
compile() {
  file=$1
  shift
  rm -f "$file.log" # gcc would append
  $cc "$@" -DFLAGS="\"$*\"" -fopt-info-optimized="$file.log" -c "$file.c" -o "$file.o"
}

# What is outside of every loop that is timed is made small. No tables of stack frames: nothing here unwinds.
compile cpu -Os -std=c17
compile team -Os -std=c17
compile text -Os -std=c17
compile peak -Os -std=c17 -ffp-contract=fast # standard C alone does not fuse a * b + c

# The library rung is a program of its own, ./library.
if [ "${1:-}" = library ]; then
  compile kernels/library -O3 -std=c17
  compile main -Os -std=c17 -DLIBRARY
  $cc -static -s main.o cpu.o peak.o team.o text.o kernels/library.o -lopenblas -lm -o library
  exit
fi

# So are the variants of `naive`, ./variants/matmul: its loops with other flags, and in the form of the authors' sources.
if [ "${1:-}" = variants ]; then
  # variant FILE NAME FLAGS...
  variant() {
    file=variants/$1 name=$2 symbol=$(echo "$2" | tr @- __)
    shift 2
    rm -f "variants/$symbol.log"
    $cc "$@" -DFLAGS="\"$*\"" -DNAME="\"$name\"" -DRUNG="$symbol" -fopt-info-optimized="variants/$symbol.log" \
      -c "$file.c" -o "variants/$symbol.o"
  }
  variant naive naive@O0 -O0 -std=c17
  variant naive naive@O1 -O1 -std=c17
  variant fixed naive@fixed-O0 -O0 -std=c17
  variant fixed naive@fixed -O3 -std=c17
  variant fixed naive@fixed-fast-math -O3 -std=c17 -ffast-math
  # Only where it may add in another order does gcc exchange the loops: that variant is naive no more.
  if grep interchange variants/naive_O?.log variants/naive_fixed.log variants/naive_fixed_O0.log; then exit 1; fi
  grep 'loops interchanged' variants/naive_fixed_fast_math.log
  compile variants/arrays -O2 -std=c17
  compile main -Os -std=c17 -DVARIANTS
  $cc -static -s main.o cpu.o peak.o team.o text.o variants/*.o -o variants/matmul
  exit
fi

compile kernels/naive -O3 -std=c17
compile kernels/interchanged -O3 -std=c17
compile kernels/parallel -O3 -std=c17
compile kernels/recursive -O3 -std=c17
compile kernels/vectorized -O3 -std=c17 -ffp-contract=fast
compile kernels/intrinsics -O2 -std=c17 -ffp-contract=fast
compile pack -O2 -std=c17
compile recursion -Os -std=c17
compile main -Os -std=c17

# An i-j-k kernel whose loops gcc has exchanged is another rung.
if grep interchange kernels/naive.log kernels/parallel.log; then exit 1; fi

rm -f kernels/library.o
# Segments padded to whole pages would be a tenth of the image; RELRO, one of them, musl ignores in static programs.
# Its threads have stacks of 128 KB unless the program's header says more; a copied block of `vectorized` is as large.
$cc ${LINK--static -Wl,-z,stack-size=1048576,-z,noseparate-code,-z,norelro,-z,common-page-size=64,--gc-sections} cpu.o main.o pack.o peak.o recursion.o team.o text.o kernels/*.o -o matmul
