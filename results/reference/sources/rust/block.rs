//! A rectangle of a row-major matrix. Blocks of one matrix may go to several threads, which borrowed slices cannot:
//! a block of columns has gaps that belong to others.

use std::ops::Range;
use std::slice;

#[derive(Clone, Copy)]
pub struct Block {
    first: *mut f64,
    stride: usize,
    pub rows: usize,
    pub cols: usize,
}

// SAFETY: whoever makes references out of a block, by an unsafe function, sees to it that none is written to twice.
unsafe impl Send for Block {}
unsafe impl Sync for Block {}

impl Block {
    /// All of a matrix that is `width` wide, to be read only.
    pub fn new(matrix: &[f64], width: usize) -> Self {
        Self { first: matrix.as_ptr().cast_mut(), stride: width, rows: matrix.len() / width, cols: width }
    }

    /// All of a matrix that is `width` wide.
    pub fn new_mut(matrix: &mut [f64], width: usize) -> Self {
        Self { first: matrix.as_mut_ptr(), ..Self::new(matrix, width) }
    }

    /// The block of these rows and columns, as many of them as there are.
    pub fn part(self, rows: Range<usize>, cols: Range<usize>) -> Self {
        let (top, left) = (rows.start.min(self.rows), cols.start.min(self.cols));
        Self {
            first: self.first.wrapping_add(top * self.stride + left),
            stride: self.stride,
            rows: rows.end.min(self.rows) - top,
            cols: cols.end.min(self.cols) - left,
        }
    }

    /// The address of the first element, and how far it is from a row to the next.
    pub fn raw(self) -> (*mut f64, usize) {
        (self.first, self.stride)
    }

    /// # Safety
    /// The matrix must live, and nobody write to this row, as long as the slice does; i must be below `rows`.
    #[inline(always)]
    pub unsafe fn row<'a>(self, i: usize) -> &'a [f64] {
        debug_assert!(i < self.rows);
        unsafe { slice::from_raw_parts(self.first.add(i * self.stride), self.cols) }
    }

    /// # Safety
    /// The matrix must live, and nobody else touch this row, as long as the slice does; i must be below `rows`.
    #[inline(always)]
    pub unsafe fn row_mut<'a>(self, i: usize) -> &'a mut [f64] {
        debug_assert!(i < self.rows);
        unsafe { slice::from_raw_parts_mut(self.first.add(i * self.stride), self.cols) }
    }

    /// Adds to this block what of a tile, `width` wide, lies inside.
    ///
    /// # Safety
    /// The matrix must live, and nobody else touch this block meanwhile.
    #[inline(always)]
    pub unsafe fn add(self, tile: &[f64], width: usize) {
        for (i, sums) in tile.chunks(width).enumerate().take(self.rows) {
            unsafe { self.row_mut(i) }.iter_mut().zip(sums).for_each(|(x, sum)| *x += sum);
        }
    }
}
