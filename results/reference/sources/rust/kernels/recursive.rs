//! Divide and conquer: quarters of the matrices are multiplied, and their quarters, until the blocks fit the caches,
//! whatever the sizes of those; the four products that make up C do not depend on each other, so all cores work.

use crate::block::Block;
use crate::pool::Pool;

/// A · B, to be added to C, by several `tasks` that may run at once.
struct Product {
    blocks: [Block; 3],
    tasks: usize,
    base: &'static Base,
}

/// Where the recursion ends: at blocks of this side, and with this way to add A · B to C.
pub struct Base {
    pub side: usize,
    pub multiply: fn(a: Block, b: Block, c: Block),
}

/// Adds A · B to C, for as many rows as C has.
pub fn multiply(n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    multiply_by(&Base { side: 64, multiply: interchanged }, n, threads, a, b, c);
}

pub fn multiply_by(base: &'static Base, n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    let blocks = [Block::new(a, n), Block::new(b, n), Block::new_mut(c, n)];
    Pool::run(threads, Product { blocks, tasks: 8 * threads, base }, divide);
}

/// Two phases of four products each: C11 += A11 · B11 and so on, then C11 += A12 · B21 and so on.
fn divide(pool: &Pool<Product>, Product { blocks: [a, b, c], tasks, base }: Product) {
    if c.rows.max(c.cols).max(b.rows) <= base.side {
        return (base.multiply)(a, b, c);
    }
    let (m, n, k) = (c.rows.div_ceil(2), c.cols.div_ceil(2), b.rows.div_ceil(2));
    for inner in [0..k, k..b.rows] {
        let quarters = [(0..m, 0..n), (0..m, n..c.cols), (m..c.rows, 0..n), (m..c.rows, n..c.cols)];
        let products = quarters.map(|(rows, cols)| Product {
            blocks: [a.part(rows.clone(), inner.clone()), b.part(inner.clone(), cols.clone()), c.part(rows, cols)],
            tasks: tasks / 4,
            base,
        });
        match tasks {
            0..=1 => products.into_iter().for_each(|product| divide(pool, product)),
            _ => pool.fork_and_join(products),
        }
    }
}

fn interchanged(a: Block, b: Block, c: Block) {
    for i in 0..c.rows {
        // SAFETY: of the products that run now, this is the only one to be added to these rows of C.
        let (a_row, c_row) = unsafe { (a.row(i), c.row_mut(i)) };
        for (k, a) in a_row.iter().enumerate() {
            for (c, b) in c_row.iter_mut().zip(unsafe { b.row(k) }) {
                *c += a * b;
            }
        }
    }
}
