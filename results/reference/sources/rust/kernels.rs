//! The rungs of the ladder: each is one file below kernels/ and one entry of [`LADDER`].

mod interchanged;
mod intrinsics;
#[cfg(feature = "library")]
mod library;
mod naive;
mod parallel;
mod recursive;
mod vectorized;

use crate::isa::{BASELINE, Path};

/// A kernel, and what its code says about it in the words of the manifest.
pub struct Rung {
    pub name: &'static str,
    pub loop_order: &'static str,
    pub threads: &'static str,
    pub bounds_checks: bool,
    /// The same kernel for several instruction sets, the best first.
    pub paths: &'static [Path],
}

/// From the first rung to the last.
#[cfg(not(feature = "library"))]
pub const LADDER: &[Rung] = &[
    Rung {
        name: "naive",
        loop_order: "ijk",
        threads: "one",
        bounds_checks: true,
        paths: &[Path { isa: BASELINE, multiply: naive::multiply }],
    },
    Rung {
        name: "interchanged",
        loop_order: "ikj",
        threads: "one",
        bounds_checks: true,
        paths: &[Path { isa: BASELINE, multiply: interchanged::multiply }],
    },
    Rung {
        name: "parallel",
        loop_order: "ijk",
        threads: "all",
        bounds_checks: true,
        paths: &[Path { isa: BASELINE, multiply: parallel::multiply }],
    },
    Rung {
        name: "recursive",
        loop_order: "recursive",
        threads: "all",
        bounds_checks: false,
        paths: &[Path { isa: BASELINE, multiply: recursive::multiply }],
    },
    Rung {
        name: "vectorized",
        loop_order: "recursive",
        threads: "all",
        bounds_checks: false,
        paths: vectorized::PATHS,
    },
    Rung { name: "intrinsics", loop_order: "packed", threads: "all", bounds_checks: false, paths: intrinsics::PATHS },
];

/// The rung in an image of its own.
#[cfg(feature = "library")]
pub const LADDER: &[Rung] = &[Rung {
    name: "library",
    loop_order: "library",
    threads: "all",
    bounds_checks: false,
    paths: &[Path { isa: BASELINE, multiply: library::multiply }],
}];

#[cfg(test)]
mod tests {
    use super::LADDER;

    #[test]
    fn every_rung_multiplies_exactly() {
        for n in [1, 2, 7, 8, 9, 23, 24, 25, 63, 64, 65, 130, 521] {
            let numbers = |modulus: usize| -> Vec<f64> {
                let number = |x: usize| f64::from(u8::try_from(x * x % modulus).unwrap()) - 30.0;
                (0..n * n).map(number).collect()
            };
            let (a, b) = (numbers(61), numbers(53));
            let dot = |i, j| (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum::<f64>();
            let most = if n > 130 { 9 } else { n };
            let product: Vec<f64> = (0..most * n).map(|x| 1.0 + dot(x / n, x % n)).collect();
            for (rows, threads) in [(most, 1), (most, 3), (most.div_ceil(2), 16)] {
                for rung in LADDER {
                    for path in rung.paths.iter().filter(|path| (path.isa.is_here)()) {
                        let mut c = vec![1.0; rows * n]; // which the product is added to
                        (path.multiply)(n, threads, &a, &b, &mut c);
                        assert_eq!(c, product[..rows * n], "{} {} {n} {threads} {rows}", rung.name, path.isa.name);
                    }
                }
            }
        }
    }
}
