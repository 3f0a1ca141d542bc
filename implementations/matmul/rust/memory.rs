//! What the standard library leaves out about memory: huge pages, and prefetching.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ffi::{c_int, c_void};
use std::ptr;

/// Memory for packed blocks, not initialized, in huge pages where there is enough of it.
pub struct Buffer {
    first: *mut f64,
    layout: Layout,
}

// SAFETY: the memory is its own; the threads that share it write to disjoint parts, and read after a barrier.
unsafe impl Send for Buffer {}
unsafe impl Sync for Buffer {}

const HUGE_PAGE: usize = 2 << 20;
const CACHE_LINE: usize = 64;
const MADV_HUGEPAGE: c_int = 14;

// SAFETY: this is the C library's signature.
unsafe extern "C" {
    fn madvise(address: *mut c_void, bytes: usize, advice: c_int) -> c_int;
}

impl Buffer {
    pub const EMPTY: Self = Self { first: ptr::null_mut(), layout: Layout::new::<()>() };

    pub fn new(count: usize) -> Self {
        let bytes = count.max(1) * size_of::<f64>();
        let align = if bytes < HUGE_PAGE { CACHE_LINE } else { HUGE_PAGE };
        let layout = Layout::from_size_align(bytes.next_multiple_of(align), align).expect("far below the largest");
        // SAFETY: the layout is not empty. The advice may be refused: it is for speed.
        let first = unsafe { alloc(layout) };
        if first.is_null() {
            handle_alloc_error(layout);
        }
        if align == HUGE_PAGE {
            unsafe { madvise(first.cast(), layout.size(), MADV_HUGEPAGE) };
        }
        Self { first: first.cast(), layout }
    }

    /// Room for so many numbers: what there is, or else memory in its place.
    pub fn with_room(&mut self, count: usize) -> &Self {
        if self.layout.size() < count * size_of::<f64>() {
            *self = Self::new(count);
        }
        self
    }

    pub fn at(&self, index: usize) -> *mut f64 {
        debug_assert!(index * size_of::<f64>() <= self.layout.size());
        self.first.wrapping_add(index)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if !self.first.is_null() {
            // SAFETY: allocated so.
            unsafe { dealloc(self.first.cast(), self.layout) };
        }
    }
}

/// Has a cache line on its way before it is needed.
#[inline(always)]
pub fn prefetch(address: *const f64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch does not fault, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a prefetch does not fault, whatever the address.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) address, options(nostack, readonly, preserves_flags));
    }
}
