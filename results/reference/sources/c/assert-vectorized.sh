#!/bin/sh
# Fails unless gcc's own report says that it vectorized the loop of `vectorized` that is marked for it, once for each
# level of the instruction set.
set -eu
source=kernels/vectorized.c
line=$(grep -n 'assert-vectorized.sh' $source | cut -d: -f1)
case $(${CC:-gcc-14} -dumpmachine) in
x86_64-*) widths="16 32 64" ;;
*) widths=16 ;;
esac
for bytes in $widths; do
  grep "^$source:$line:.*: loop vectorized using $bytes byte vectors" kernels/vectorized.log
done
