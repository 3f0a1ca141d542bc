//! The instruction sets that a kernel may be compiled for beyond the architecture's baseline, and which this CPU has.

use std::env;

/// The variable that forces a path of a rung which has several.
const FORCED: &str = "MATMUL_ISA";

pub struct Isa {
    pub name: &'static str,
    /// What the CPU must offer, in the words of `matmul info`.
    pub needs: &'static [&'static str],
    pub is_here: fn() -> bool,
}

pub const BASELINE: Isa = Isa { name: "baseline", needs: &[], is_here: || true };

#[cfg(target_arch = "x86_64")]
pub const AVX2: Isa = Isa {
    name: "avx2",
    needs: &["avx2", "fma"],
    is_here: || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
};

#[cfg(target_arch = "x86_64")]
pub const AVX512: Isa = Isa { name: "avx512", needs: &["avx512f"], is_here: || is_x86_feature_detected!("avx512f") };

#[cfg(target_arch = "aarch64")]
pub const NEON: Isa = Isa { name: "neon", needs: &[], is_here: || true };

/// One compilation of a kernel.
pub struct Path {
    pub isa: Isa,
    pub multiply: Multiply,
}

/// Adds A · B to C. All three are row-major and `n` wide; A may have more rows than C.
pub type Multiply = fn(n: usize, threads: usize, a: &[f64], b: &[f64], c: &mut [f64]);

/// The first path that this CPU can take, or the one that the user forces where there is a choice.
pub fn choose(paths: &'static [Path]) -> Result<&'static Path, String> {
    let forced = env::var(FORCED).ok().filter(|_| is_a_choice(paths));
    let is_wanted = |path: &&Path| forced.as_deref().is_none_or(|name| name == path.isa.name);
    let mut wanted = paths.iter().filter(is_wanted);
    if let Some(path) = wanted.clone().find(|path| (path.isa.is_here)()) {
        return Ok(path);
    }
    Err(match wanted.next_back() {
        Some(path) => format!("this CPU lacks {}", path.isa.needs.join(" or ")),
        None => format!("this build has no path {}", forced.unwrap_or_default()),
    })
}

/// Whether a rung is written for more than the baseline, so that `matmul info` tells what runs.
pub fn is_a_choice(paths: &[Path]) -> bool {
    !matches!(paths, [only] if only.isa.name == BASELINE.name)
}
