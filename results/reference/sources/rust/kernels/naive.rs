//! The loops as published, i-j-k: each product is added to C in memory, and B is walked down its columns.

/// Adds A · B to C, for as many rows as C has.
pub fn multiply(n: usize, _threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    for i in 0..c.len() / n {
        for j in 0..n {
            for k in 0..n {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
}
