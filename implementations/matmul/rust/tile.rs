//! The innermost kernel: a tile of C whose sums stay in vector registers.

use std::array;
use std::ops::Range;

#[cfg(target_arch = "aarch64")]
#[allow(clippy::wildcard_imports)]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
#[allow(clippy::wildcard_imports)]
use std::arch::x86_64::*;

use crate::block::Block;
use crate::packing::{pack_cols, pack_rows};

/// Adds k columns of A times k rows of B to a tile whose rows are `stride` apart. A's entries are `row` apart from row to
/// row and `step` apart along it, the rows of B are `next` apart.
pub type Kernel =
    unsafe fn(k: usize, a: *const f64, row: usize, step: usize, b: *const f64, next: usize, c: *mut f64, stride: usize);

/// A tile of C that fits the vector registers, with room for what is multiplied.
pub struct Tile {
    pub rows: usize,
    pub lanes: usize,
    pub cols: usize,
    /// For one vector in a row and for more; of half as many rows too.
    pub multiply: [&'static [Kernel]; 2],
    pub pack_rows: unsafe fn(a: Block, to: *mut f64),
    pub pack_cols: unsafe fn(b: Block, rows: Range<usize>, to: *mut f64),
}

pub const LARGEST_TILE: usize = 8 * 24;

macro_rules! tile {
    ($features:literal, $rows:literal x [$($vectors:literal),+] of $lanes:literal,
     $splat:ident, $load:ident, $store:ident, $add:ident, |$x:ident, $y:ident, $sum:ident| $multiply_add:expr) => {{
        #[target_feature(enable = $features)]
        unsafe fn multiply<const ROWS: usize, const VECTORS: usize>(
            k: usize, a: *const f64, row: usize, step: usize, b: *const f64, next: usize, c: *mut f64, stride: usize,
        ) {
            unsafe {
                let mut sums = [[$splat(0.0); VECTORS]; ROWS];
                for k in 0..k {
                    let b: [_; VECTORS] = array::from_fn(|j| $load(b.add(k * next + j * $lanes)));
                    for i in 0..ROWS {
                        let $x = $splat(*a.add(k * step + i * row));
                        for j in 0..VECTORS {
                            let ($y, $sum) = (b[j], sums[i][j]);
                            sums[i][j] = $multiply_add;
                        }
                    }
                }
                for i in 0..ROWS {
                    for j in 0..VECTORS {
                        let c = c.add(i * stride + j * $lanes);
                        $store(c, $add($load(c), sums[i][j]));
                    }
                }
            }
        }
        // With vectors as wide as they are here, a row of a sliver is copied by a few of them, not by a call.
        #[target_feature(enable = $features)]
        unsafe fn pack(b: Block, rows: Range<usize>, to: *mut f64) {
            unsafe { pack_cols::<COLS>(b, rows, to) };
        }
        const COLS: usize = [$($vectors),+].len() * $lanes;
        const TILE: Tile = Tile {
            rows: $rows,
            lanes: $lanes,
            cols: COLS,
            multiply: [&[$(multiply::<$rows, $vectors>),+], &[$(multiply::<{ $rows / 2 }, $vectors>),+]],
            pack_rows: pack_rows::<$rows>,
            pack_cols: pack,
        };
        &TILE
    }};
}

#[cfg(target_arch = "x86_64")]
pub const AVX512: &Tile = tile!("avx512f", 8 x [1, 2, 3] of 8,
    _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_add_pd, |x, y, sum| _mm512_fmadd_pd(x, y, sum));
#[cfg(target_arch = "x86_64")]
pub const AVX2: &Tile = tile!("avx2,fma", 6 x [1, 2] of 4,
    _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_add_pd, |x, y, sum| _mm256_fmadd_pd(x, y, sum));
#[cfg(target_arch = "aarch64")]
pub const NEON: &Tile = tile!("neon", 6 x [1, 2, 3, 4] of 2,
    vdupq_n_f64, vld1q_f64, vst1q_f64, vaddq_f64, |x, y, sum| vfmaq_f64(sum, x, y));
