#!/bin/sh
# Runs each rung on each path: those that this CPU has; AVX2 and NEON on emulated CPUs, whatever this one has; and in
# builds that stop at undefined behaviour, at an access out of bounds and at a data race. What comes out must be, bit
# for bit, what the naive rung of the native program makes of the same matrices.
set -eu
mkdir -p /data /out
for matrix in a b; do # whole numbers from -32 to 31, as in the harness; n = 600 at the most
  perl -e "srand ord '$matrix'; print pack 'd<*', map { int(rand 64) - 32 } 1 .. 360000" >/data/$matrix.f64
done
mv matmul native

# check PROGRAM THREADS RUNGS N...: a rung may name its path, as in intrinsics/neon, without which it fails.
check() {
  program=$1 thread_counts=$2 rungs=$3
  shift 3
  echo "$program: $rungs"
  for n; do
    ./native run naive "$n" 1 0 "$n" 2 1 >/dev/null
    mv /out/c.f64 expected
    for threads in $thread_counts; do
      for rung in $rungs; do
        MATMUL_ISA=${rung#*/} $program run "${rung%/*}" "$n" "$threads" 0 "$n" 2 1 >/dev/null
        cmp expected /out/c.f64 || { echo "$program: $rung is wrong at n = $n on $threads threads" >&2 && exit 1; }
      done
    done
  done
}

any_cpu="naive interchanged parallel recursive"
here=$any_cpu
for rung in vectorized/avx512 vectorized/avx2 vectorized/neon vectorized/baseline \
  intrinsics/avx512 intrinsics/avx2 intrinsics/neon; do
  MATMUL_ISA=${rung#*/} ./native run "${rung%/*}" 1 1 0 1 1 1 >/dev/null && here="$here $rung" ||
    [ $? = 3 ] # not on this CPU
done
sizes="1 2 7 8 9 23 24 25 63 64 65 130" # a tile has 4 or 8 rows and 6, 12 or 24 columns
check ./native "1 3" "$here" $sizes 600 # 600: several blocks of each kind

if [ "$(uname -m)" = x86_64 ]; then
  check "qemu-x86_64 -cpu max ./native" "1 3" "$any_cpu vectorized/baseline vectorized/avx2 intrinsics/avx2" $sizes
  CC=aarch64-linux-gnu-gcc-14 LINK=-static ./build.sh
  CC=aarch64-linux-gnu-gcc-14 ./assert-vectorized.sh
  mkdir arm64
  ln -s "$(command -v aarch64-linux-gnu-objdump)" arm64/objdump
  PATH=$PWD/arm64:$PATH assert-naive kernels/naive.o multiply
  PATH=$PWD/arm64:$PATH assert-naive kernels/parallel.o multiply_rows
  check "qemu-aarch64 ./matmul" "1 3" "$any_cpu vectorized/neon intrinsics/neon" $sizes
fi

# For the tile for AVX-512, gcc 14 lays the stack frame out from a base 32 bytes past a multiple of 64, which puts its
# vectors on multiples of 64. The frames that this detector hands out begin on multiples of 64: there every vector is 32
# bytes off, and the aligned store faults.
export ASAN_OPTIONS=detect_stack_use_after_return=0
for sanitizers in address,undefined thread; do
  CC="gcc-14 -g -fsanitize=$sanitizers -fno-sanitize-recover=all -Wno-maybe-uninitialized" LINK= ./build.sh
  check ./matmul 3 "$here" 1 35 150 600
done
