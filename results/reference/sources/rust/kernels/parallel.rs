//! The naive loops with the outer one parallel: every thread is lent a band of C's rows, so that all cores work.

use std::thread;

/// Adds A · B to C, for as many rows as C has.
pub fn multiply(n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    let band = (c.len() / n).div_ceil(threads) * n;
    thread::scope(|scope| {
        for (a, c) in a.chunks(band).zip(c.chunks_mut(band)) {
            scope.spawn(move || {
                for i in 0..c.len() / n {
                    for j in 0..n {
                        for k in 0..n {
                            c[i * n + j] += a[i * n + k] * b[k * n + j];
                        }
                    }
                }
            });
        }
    });
}
