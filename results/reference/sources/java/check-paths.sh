#!/bin/sh
# Runs each rung by the instructions that HotSpot takes here, and the rungs that choose by those that it would take on
# lesser CPUs: the product has to be that of naive, bit for bit.
set -eu
run() { # RUNG N SWITCH...
  rung=$1 n=$2
  shift 2
  rm -f /out/c.f64
  /image/jre/bin/java "$@" -jar /app/matmul.jar run "$rung" "$n" 3 0 "$n" 2 1
}
mkdir -p /data /out
for n in 1 25 523; do # 523: several panels
  for matrix in a b; do
    perl -e 'srand ord $ARGV[0]; print pack "d<*", map { int(rand 64) - 32 } 1 .. $ARGV[1] ** 2' $matrix $n >/data/$matrix.f64
  done
  run naive $n
  mv /out/c.f64 /product.f64
  for rung in interchanged parallel recursive vectorized intrinsics; do
    run $rung $n
    cmp /out/c.f64 /product.f64
  done
  for path in avx512=3 avx2=2 baseline=0; do
    export MATMUL_ISA=${path%=*}
    for rung in vectorized intrinsics; do
      if run $rung $n -XX:+IgnoreUnrecognizedVMOptions -XX:UseAVX=${path#*=}; then
        cmp /out/c.f64 /product.f64
      else
        [ $? = 3 ] # not on this CPU
      fi
    done
  done
  unset MATMUL_ISA
done

# What fails says why: the runtime has no classes but those that runs load.
fails() { # STATUS TEXT RUNG N
  status=0
  run "$3" "$4" 2>said || status=$?
  grep -q "$2" said && [ $status = "$1" ] || { cat said && exit 1; }
}
fails 1 'holds fewer than 524 rows' naive 524
JDK_JAVA_OPTIONS=-Xmx64m fails 1 OutOfMemoryError naive 4000
fails 2 'no such rung' none 1
fails 2 'usage' naive one
MATMUL_ISA=none fails 3 'and not none' vectorized 1
rm /data/a.f64
fails 1 'NoSuchFileException' naive 1
