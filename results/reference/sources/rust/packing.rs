//! Copies of blocks in the order in which a micro-kernel reads them, which cost little beside the reads they speed up.

use std::ops::Range;

use crate::block::Block;

/// Copies A as slivers of R rows, each column by column; rows beyond A's are zero.
///
/// # Safety
/// `to` must have room for all slivers, and A's matrix must live and not be written to.
#[inline(always)]
pub unsafe fn pack_rows<const R: usize>(a: Block, to: *mut f64) {
    for sliver in 0..a.rows.div_ceil(R) {
        let to = unsafe { to.add(sliver * R * a.cols) };
        let a = a.part(sliver * R..(sliver + 1) * R, 0..a.cols);
        if a.rows == R {
            let rows: [&[f64]; R] = std::array::from_fn(|i| unsafe { a.row(i) });
            for k in 0..a.cols {
                for (i, row) in rows.iter().enumerate() {
                    unsafe { *to.add(k * R + i) = *row.get_unchecked(k) };
                }
            }
        } else {
            for i in 0..R {
                for k in 0..a.cols {
                    unsafe { *to.add(k * R + i) = if i < a.rows { a.row(i)[k] } else { 0.0 } };
                }
            }
        }
    }
}

/// Copies some rows of B as slivers of C columns, each row by row; columns beyond B's are zero.
///
/// # Safety
/// `to` must have room for the slivers of all rows, and B's matrix must live and not be written to.
#[inline(always)]
pub unsafe fn pack_cols<const C: usize>(b: Block, rows: Range<usize>, to: *mut f64) {
    for k in rows {
        let to = unsafe { to.add(k * C) };
        let (whole, rest) = unsafe { b.row(k) }.as_chunks::<C>();
        for (sliver, from) in whole.iter().enumerate() {
            unsafe { *to.add(sliver * b.rows * C).cast::<[f64; C]>() = *from };
        }
        if !rest.is_empty() {
            let last = unsafe { &mut *to.add(whole.len() * b.rows * C).cast::<[f64; C]>() };
            last.fill(0.0);
            last[..rest.len()].copy_from_slice(rest);
        }
    }
}
