//! The rungs of the ladder: each is one file below kernels/ and one entry of [`LADDER`].

mod interchanged;
mod naive;
mod parallel;

/// A kernel, and what its code says about it in the words of the manifest.
pub struct Rung {
    pub name: &'static str,
    pub loop_order: &'static str,
    pub threads: &'static str,
    pub bounds_checks: bool,
    /// Adds A · B to C. All three are row-major and `n` wide; A may have more rows than C.
    pub multiply: fn(n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]),
}

/// From the first rung to the last.
pub const LADDER: &[Rung] = &[
    Rung {
        name: "naive",
        loop_order: "ijk",
        threads: "one",
        bounds_checks: true,
        multiply: naive::multiply,
    },
    Rung {
        name: "interchanged",
        loop_order: "ikj",
        threads: "one",
        bounds_checks: true,
        multiply: interchanged::multiply,
    },
    Rung {
        name: "parallel",
        loop_order: "ijk",
        threads: "all",
        bounds_checks: true,
        multiply: parallel::multiply,
    },
];

#[cfg(test)]
mod tests {
    use super::LADDER;

    #[test]
    fn every_rung_multiplies_exactly() {
        for (n, rows, threads) in [(1, 1, 2), (4, 3, 1), (5, 5, 2), (7, 6, 4), (8, 3, 16)] {
            let a: Vec<f64> = (0..64).map(|x| f64::from(x * x % 61 - 30)).collect();
            let b: Vec<f64> = (0..64).map(|x| f64::from(x * x % 53 - 26)).collect();
            let dot = |i, j| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
            let product: Vec<f64> = (0..rows * n).map(|x| dot(x / n, x % n)).collect();
            for rung in LADDER {
                let mut c = vec![0.0; rows * n];
                (rung.multiply)(n, threads, &a, &b, &mut c);
                assert_eq!(c, product, "{} {n} {threads} {rows}", rung.name);
            }
        }
    }
}
