//! The blocks follow the caches instead of halving, all threads share the copy of B, and a tile of C fills the registers
//! by the CPU's own vector instructions: little is copied twice, and nearly every instruction multiplies and adds.

use std::array;
use std::ops::Range;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

#[cfg(target_arch = "aarch64")]
#[allow(clippy::wildcard_imports)]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use crate::block::Block;
use crate::caches;
use crate::isa::{self, Path};
use crate::memory::{Buffer, prefetch};
use crate::packing::{pack_cols, pack_rows};

/// A tile of C that fits the vector registers, with room for what is multiplied.
struct Tile {
    rows: usize,
    cols: usize,
    /// Adds the product of two packed slivers, `k` long, to a tile whose rows are `stride` apart.
    multiply: unsafe fn(k: usize, a: *const f64, b: *const f64, c: *mut f64, stride: usize),
    pack_rows: unsafe fn(a: Block, to: *mut f64),
    pack_cols: unsafe fn(b: Block, rows: Range<usize>, to: *mut f64),
}

const LARGEST_TILE: usize = 8 * 24;

macro_rules! path {
    ($isa:ident, $features:literal, $rows:literal x $vectors:literal of $lanes:literal,
     $splat:ident, $load:ident, $store:ident, $add:ident, |$x:ident, $y:ident, $sum:ident| $multiply_add:expr) => {{
        #[target_feature(enable = $features)]
        unsafe fn multiply(k: usize, a: *const f64, b: *const f64, c: *mut f64, stride: usize) {
            unsafe {
                let mut sums = [[$splat(0.0); $vectors]; $rows];
                for i in 0..$rows {
                    // One more than there are, for C need not begin with a cache line.
                    for j in 0..=$vectors {
                        prefetch(c.add(i * stride + j * $lanes));
                    }
                }
                for k in 0..k {
                    let b: [_; $vectors] = array::from_fn(|j| $load(b.add((k * $vectors + j) * $lanes)));
                    for i in 0..$rows {
                        let $x = $splat(*a.add(k * $rows + i));
                        for j in 0..$vectors {
                            let ($y, $sum) = (b[j], sums[i][j]);
                            sums[i][j] = $multiply_add;
                        }
                    }
                }
                for i in 0..$rows {
                    for j in 0..$vectors {
                        let c = c.add(i * stride + j * $lanes);
                        $store(c, $add($load(c), sums[i][j]));
                    }
                }
            }
        }
        const COLS: usize = $vectors * $lanes;
        const TILE: Tile =
            Tile { rows: $rows, cols: COLS, multiply, pack_rows: pack_rows::<$rows>, pack_cols: pack_cols::<COLS> };
        Path { isa: isa::$isa, multiply: |n, threads, a, b, c| multiply_by(&TILE, n, threads, a, b, c) }
    }};
}

pub const PATHS: &[Path] = &[
    #[cfg(target_arch = "x86_64")]
    path!(AVX512, "avx512f", 8 x 3 of 8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_add_pd,
        |x, y, sum| _mm512_fmadd_pd(x, y, sum)),
    #[cfg(target_arch = "x86_64")]
    path!(AVX2, "avx2,fma", 6 x 2 of 4, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_add_pd,
        |x, y, sum| _mm256_fmadd_pd(x, y, sum)),
    #[cfg(target_arch = "aarch64")]
    path!(NEON, "neon", 6 x 4 of 2, vdupq_n_f64, vld1q_f64, vst1q_f64, vaddq_f64, |x, y, sum| vfmaq_f64(sum, x, y)),
];

/// Adds A · B to C, for as many rows as C has. A sliver of A, as high as the tile, stays in the nearest cache of a core
/// while a block of B, to which all threads copy, streams past it out of the cache that they share.
fn multiply_by(tile: &Tile, n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    let (b, c) = (Block::new(b, n), Block::new_mut(c, n));
    let a = Block::new(a, n).part(0..c.rows, 0..n);
    let [nearest, shared] = [1, 3].map(|level| caches::bytes(level) / size_of::<f64>());
    let evenly = |largest| n.div_ceil(n.div_ceil(largest)); // in blocks of about one size
    let depth = evenly(nearest * 3 / 4 / tile.rows);
    let width = evenly(shared / 2 / depth).next_multiple_of(tile.cols);

    let b_packed = Buffer::new(depth * width);
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
                    multiply_packed(tile, b.rows, &a_packed, &b_packed, c.part(i..i + tile.rows, j..j + width));
                }
            }
        }
    };
    thread::scope(|scope| {
        let work = &work;
        for thread in 1..threads {
            scope.spawn(move || work(thread));
        }
        work(0);
    });
}

/// Adds the product of a packed sliver of A and a packed block of B, `k` long, to as many rows of C. A tile that sticks
/// out of C is computed beside it.
unsafe fn multiply_packed(tile: &Tile, k: usize, a: &Buffer, b: &Buffer, c: Block) {
    for j in (0..c.cols).step_by(tile.cols) {
        let c = c.part(0..tile.rows, j..j + tile.cols);
        let (a, b, (to, stride)) = (a.at(0), b.at(j * k), c.raw());
        if c.rows == tile.rows && c.cols == tile.cols {
            unsafe { (tile.multiply)(k, a, b, to, stride) };
            continue;
        }
        let mut beside = [0.0; LARGEST_TILE];
        unsafe { (tile.multiply)(k, a, b, beside.as_mut_ptr(), tile.cols) };
        unsafe { c.add(&beside, tile.cols) };
    }
}
