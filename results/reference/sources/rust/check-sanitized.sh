#!/bin/sh
# Runs the tests in a build that stops at an access out of bounds, by gcc's runtime, as Debian's rustc comes without
# one. The detector of races is left out: it would need a standard library that is built for it.
set -eu
export RUSTC_BOOTSTRAP=1 # for what only nightly compilers offer
export RUSTFLAGS="-Z sanitizer=address -Z external-clangrt \
-Z pre-link-arg=-Wl,--no-as-needed -Z pre-link-arg=-lasan"
cargo test --target "$(rustc --print host-tuple)" --target-dir /target/sanitized
