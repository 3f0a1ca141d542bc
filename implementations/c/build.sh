#!/bin/sh
# Builds ./matmul, a static executable. CC may add flags for a check; the image is built without any.
set -eu
cc="${CC:-musl-gcc} -Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter" # all kernels share one signature

# compile FILE FLAGS...: the very flags that compile a file are what it reports in `matmul info`.
compile() {
  file=$1
  shift
  rm -f "$file.log" # gcc would append
  $cc "$@" -DFLAGS="\"$*\"" -fopt-info-loop-optimized="$file.log" -c "$file.c" -o "$file.o"
}

compile kernels/naive -O3 -std=c17
compile kernels/interchanged -O3 -std=c17
compile kernels/parallel -O3 -std=c17
compile peak -O2 -std=c17 -ffp-contract=fast # standard C alone does not fuse a * b + c
compile main -O2 -std=c17

# An i-j-k kernel whose loops gcc has exchanged is another rung.
if grep interchange kernels/naive.log kernels/parallel.log; then exit 1; fi

# Segments padded to whole pages would be a tenth of the image; RELRO, one of them, musl ignores in static programs.
$cc -static -s -Wl,-z,noseparate-code,-z,norelro main.o peak.o kernels/*.o -o matmul
