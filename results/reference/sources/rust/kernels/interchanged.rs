//! The two inner loops trade places, i-k-j: B and C are walked along their rows, so that no cache line is
//! fetched for a single element and the compiler can vectorize.

/// Adds A · B to C, for as many rows as C has.
pub fn multiply(n: usize, _threads: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    for i in 0..c.len() / n {
        for k in 0..n {
            for j in 0..n {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
}
