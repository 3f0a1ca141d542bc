//! The recursion ends at copies of the blocks whose elements lie in the order of their use, in tiles of constant size:
//! the compiler keeps a tile of C in vector registers, for every instruction set in those that it has.

use std::mem::MaybeUninit;
use std::slice;

use super::recursive::{Base, multiply_by};
use crate::block::Block;
use crate::isa::{self, Path};
use crate::packing::{pack_cols, pack_rows};

const SIDE: usize = 256;

/// Adds A · B to C by tiles of R rows and C columns, to which the copies are filled up with zeros.
#[inline(always)]
fn multiply<const R: usize, const C: usize, const FUSE: bool>(a: Block, b: Block, c: Block) {
    let mut copies = MaybeUninit::<[[f64; SIDE * SIDE]; 2]>::uninit();
    let [to_a, to_b] = [0, SIDE * SIDE].map(|at| copies.as_mut_ptr().cast::<f64>().wrapping_add(at));
    // SAFETY: R and C divide SIDE, so the copies fit. No other product that runs now is added to this block of C.
    unsafe {
        pack_rows::<R>(a, to_a);
        pack_cols::<C>(b, 0..b.rows, to_b);
        for j in (0..c.cols).step_by(C) {
            let b_sliver = slice::from_raw_parts(to_b.add(j * b.rows).cast::<[f64; C]>(), b.rows);
            for i in (0..c.rows).step_by(R) {
                let a_sliver = slice::from_raw_parts(to_a.add(i * b.rows).cast::<[f64; R]>(), b.rows);
                let mut sums = [[0.0; C]; R];
                for (a, b) in a_sliver.iter().zip(b_sliver) {
                    for i in 0..R {
                        for j in 0..C {
                            sums[i][j] = if FUSE { a[i].mul_add(b[j], sums[i][j]) } else { sums[i][j] + a[i] * b[j] };
                        }
                    }
                }
                c.part(i..i + R, j..j + C).add(sums.as_flattened(), C);
            }
        }
    }
}

macro_rules! path {
    ($isa:ident, $features:literal, $rows:literal x $cols:literal, fuse: $fuse:literal) => {{
        #[target_feature(enable = $features)]
        fn compiled(a: Block, b: Block, c: Block) {
            multiply::<$rows, $cols, $fuse>(a, b, c);
        }
        // SAFETY: the path is for CPUs that have the features.
        const BASE: Base = Base { side: SIDE, multiply: |a, b, c| unsafe { compiled(a, b, c) } };
        Path { isa: isa::$isa, multiply: |n, threads, a, b, c| multiply_by(&BASE, n, threads, a, b, c) }
    }};
}

#[cfg(target_arch = "x86_64")]
pub const PATHS: &[Path] = &[
    path!(AVX512, "avx512f", 4 x 16, fuse: true),
    path!(AVX2, "avx2,fma", 4 x 8, fuse: true),
    path!(BASELINE, "sse2", 4 x 4, fuse: false),
];
#[cfg(target_arch = "aarch64")]
pub const PATHS: &[Path] = &[path!(NEON, "neon", 4 x 8, fuse: true)];
