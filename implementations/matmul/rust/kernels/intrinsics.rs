//! The blocks follow the caches instead of halving, all threads share the copy of B, and a tile of C fills the registers
//! by the CPU's own vector instructions: little is copied twice, and nearly every instruction multiplies and adds.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;

use crate::block::Block;
use crate::caches;
use crate::isa::{self, Path};
use crate::memory::{Buffer, prefetch};
use crate::tile::{self, LARGEST_TILE, Tile};

const WORTH_A_THREAD: usize = 1 << 22; // multiplications that take twice as long as starting one

/// Kept from call to call, as libraries keep theirs: musl gives memory back at once, whose pages cost a small product
/// a third of its time.
static B_PACKED: Mutex<Buffer> = Mutex::new(Buffer::EMPTY);

macro_rules! path {
    ($name:ident) => {
        Path { isa: isa::$name, multiply: |n, threads, a, b, c| multiply_by(tile::$name, n, threads, a, b, c) }
    };
}

pub const PATHS: &[Path] = &[
    #[cfg(target_arch = "x86_64")]
    path!(AVX512),
    #[cfg(target_arch = "x86_64")]
    path!(AVX2),
    #[cfg(target_arch = "aarch64")]
    path!(NEON),
];

/// Adds A · B to C, for as many rows as C has. A sliver of A, as high as the tile, stays in the nearest cache of a core
/// while a block of B, to which all threads copy, streams past it out of the cache that they share.
fn multiply_by(tile: &Tile, n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    let (b, c) = (Block::new(b, n), Block::new_mut(c, n));
    let a = Block::new(a, n).part(0..c.rows, 0..n);
    let [nearest, own, shared] = [1, 2, 3].map(|level| caches::bytes(level) / size_of::<f64>());
    let threads = threads.min(1 + n * n * c.rows / WORTH_A_THREAD);
    if n * n <= own / 2 && n >= tile.lanes && c.rows >= tile.rows {
        let share = c.rows.div_ceil(tile.rows * threads) * tile.rows;
        // SAFETY: every thread has rows of its own.
        on_each(threads, |thread| unsafe { multiply_in_place(tile, a, b, c, thread * share..(thread + 1) * share) });
        return;
    }
    let evenly = |largest| n.div_ceil(n.div_ceil(largest)); // in blocks of about one size
    let depth = evenly(nearest * 3 / 4 / tile.rows);
    let width = evenly(shared / 2 / depth).next_multiple_of(tile.cols);

    let mut kept = B_PACKED.lock().expect("no call panics");
    let b_packed = kept.with_room(depth * width);
    let barrier = Barrier::new(threads);
    let claimed = AtomicUsize::new(0);
    let work = |thread| {
        let a_packed = Buffer::new(tile.rows * depth);
        let mut slivers = 0..0; // of A, numbered through all the blocks of B
        for (j, k) in (0..n).step_by(width).flat_map(|j| (0..n).step_by(depth).map(move |k| (j, k))) {
            let b = b.part(k..k + depth, j..j + width);
            barrier.wait(); // until nobody reads the block before
            // SAFETY: the buffer has room for the block, and every thread packs other rows of it.
            unsafe { (tile.pack_cols)(b, b.rows * thread / threads..b.rows * (thread + 1) / threads, b_packed.at(0)) };
            barrier.wait(); // until all of this one is there
            slivers = slivers.end..slivers.end + c.rows.div_ceil(tile.rows);
            let claim = |next| (next < slivers.end).then_some(next + 1);
            while let Ok(sliver) = claimed.fetch_update(Relaxed, Relaxed, claim) {
                let i = (sliver - slivers.start) * tile.rows;
                // SAFETY: the buffer has room for the sliver, and no other thread has claimed these rows of C.
                unsafe {
                    (tile.pack_rows)(a.part(i..i + tile.rows, k..k + depth), a_packed.at(0));
                    multiply_packed(tile, b.rows, &a_packed, b_packed, c.part(i..i + tile.rows, j..j + width));
                }
            }
        }
    };
    on_each(threads, work);
}

/// Does a thread's part of the work on every thread; the caller is one of them.
fn on_each(threads: usize, work: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        let work = &work;
        for thread in 1..threads {
            scope.spawn(move || work(thread));
        }
        work(0);
    });
}

/// Adds some rows of A · B to C without copies: a small B stays near by itself. A tile that would stick out of C is
/// moved back into it, and only what is new of it counts.
unsafe fn multiply_in_place(tile: &Tile, a: Block, b: Block, c: Block, rows: Range<usize>) {
    let ((a, n), (b, _), (to, _)) = (a.raw(), b.raw(), c.raw());
    let mut j = 0;
    while j < n {
        let vectors = ((n - j) / tile.lanes).clamp(1, tile.multiply[0].len());
        let (width, left) = (vectors * tile.lanes, j.min(n - vectors * tile.lanes));
        for i in rows.clone().take_while(|&i| i < c.rows).step_by(tile.rows) {
            let is_low = c.rows - i <= tile.rows / 2;
            let height = if is_low { tile.rows / 2 } else { tile.rows };
            let top = i.min(c.rows - height);
            let multiply = tile.multiply[usize::from(is_low)][vectors - 1];
            unsafe {
                let (a, b, to) = (a.add(top * n), b.add(left), to.add(top * n + left));
                if (i, j) == (top, left) {
                    multiply(n, a, n, 1, b, n, to, n);
                } else {
                    let mut beside = [0.0; LARGEST_TILE];
                    multiply(n, a, n, 1, b, n, beside.as_mut_ptr(), width);
                    c.part(i..top + height, j..left + width).add(&beside[(i - top) * width + j - left..], width);
                }
            }
        }
        j += width;
    }
}

/// Adds the product of a packed sliver of A and a packed block of B, `k` long, to as many rows of C. A tile that sticks
/// out of C is computed beside it.
unsafe fn multiply_packed(tile: &Tile, k: usize, a: &Buffer, b: &Buffer, c: Block) {
    for j in (0..c.cols).step_by(tile.cols) {
        let c = c.part(0..tile.rows, j..j + tile.cols);
        let (a, b, (to, stride)) = (a.at(0), b.at(j * k), c.raw());
        let multiply = tile.multiply[0][tile.multiply[0].len() - 1];
        if c.rows == tile.rows && c.cols == tile.cols {
            // One more than there are, for C need not begin with a cache line.
            (0..tile.rows)
                .for_each(|i| (0..=tile.cols).step_by(8).for_each(|j| prefetch(to.wrapping_add(i * stride + j))));
            unsafe { multiply(k, a, 1, tile.rows, b, tile.cols, to, stride) };
            continue;
        }
        let mut beside = [0.0; LARGEST_TILE];
        unsafe { multiply(k, a, 1, tile.rows, b, tile.cols, beside.as_mut_ptr(), tile.cols) };
        unsafe { c.add(&beside, tile.cols) };
    }
}
