//! The CPU time of the process, which the standard library does not offer.

use std::ffi::{c_int, c_long};

const CLOCK_PROCESS_CPUTIME_ID: c_int = 2;

/// POSIX's `timespec`, as 64-bit Linux lays it out.
#[repr(C)]
#[derive(Default)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

// SAFETY: this is the C library's signature; a reference is a pointer that holds for the call.
unsafe extern "C" {
    safe fn clock_gettime(clock: c_int, time: &mut Timespec) -> c_int;
}

/// User and system time that all threads of this process, the joined ones included, have used.
pub fn cpu_ns() -> i64 {
    let mut time = Timespec::default();
    let status = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut time);
    assert_eq!(status, 0, "this kernel keeps no CPU time of processes");
    time.seconds * 1_000_000_000 + time.nanoseconds
}
