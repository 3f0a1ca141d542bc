#!/bin/sh
# Runs the tests as an optimized program for arm64 in an emulator. What gcc for arm64 would tell the linker is here, as
# that compiler is not.
set -eu
if [ "$(uname -m)" = aarch64 ]; then exit; fi # where all tests are
lib=/usr/lib/aarch64-linux-gnu
export RUSTC_BOOTSTRAP=1 # for what has to come before the objects, and for what became stable after this compiler
export RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static \
-C linker-flavor=ld -C linker=aarch64-linux-gnu-ld -L $lib -L /usr/lib/gcc/aarch64-linux-gnu/14 \
-Z crate-attr=feature(slice_as_chunks,target_feature_11) \
-Z pre-link-arg=$lib/crt1.o -Z pre-link-arg=$lib/crti.o -C link-arg=$lib/crtn.o \
-C link-arg=--start-group -C link-arg=-lc -C link-arg=-lgcc -C link-arg=-lgcc_eh -C link-arg=--end-group"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64
cargo test --release --target aarch64-unknown-linux-gnu --target-dir /target
