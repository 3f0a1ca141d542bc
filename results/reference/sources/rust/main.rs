//! `matmul`: the program that the contract in implementations/README.md asks for.
#![cfg_attr(feature = "library", allow(dead_code, reason = "that image holds one rung"))]

mod block;
mod caches;
mod clock;
mod isa;
mod kernels;
mod memory;
mod packing;
mod pool;
mod tile;

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::process::ExitCode;
use std::time::Instant;

use isa::{Multiply, is_a_choice};
use kernels::{LADDER, Rung};

const USAGE: &str = "usage: matmul info
       matmul run RUNG N THREADS FIRST ROWS CALLS SAMPLES";

/// The largest arguments. At this N an element of C, at most 1024 · N, fits the checksum's int32.
const LARGEST_N: usize = 32_768;
const LARGEST: usize = 65_535;
const MOST_CALLS: usize = 1 << 21;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments == ["info"] {
        println!("{}", info());
        return ExitCode::SUCCESS;
    }
    let case = match Case::parse(&arguments) {
        Ok(case) => case,
        Err(reason) => return fail(2, &format!("{reason}\n{USAGE}")),
    };
    let multiply = match isa::choose(case.rung.paths) {
        Ok(path) => path.multiply,
        Err(reason) => return fail(3, &reason),
    };
    match case.measure(multiply) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(1, &reason),
    }
}

fn fail(code: u8, reason: &str) -> ExitCode {
    eprintln!("matmul: {reason}");
    ExitCode::from(code)
}

/// The receipt of this build: one JSON object.
fn info() -> String {
    let rungs: Vec<String> = LADDER.iter().map(describe).collect();
    let (toolchain, rungs) = (env!("TOOLCHAIN"), rungs.join(","));
    format!(r#"{{"toolchain": "{toolchain}", "rungs": {{{rungs}}}}}"#)
}

/// A rung's member of the receipt. Rust has no fast-math to turn on.
fn describe(rung: &Rung) -> String {
    let Rung { name, loop_order, threads, bounds_checks, paths } = rung;
    let flags = env!("FLAGS");
    // The last path is the one that needs least.
    let needs = paths.iter().next_back().map_or(&[][..], |path| path.isa.needs);
    let instruction_sets = [&[env::consts::ARCH], needs].concat().join("\", \"").replace('_', "-");
    let path = match isa::choose(paths) {
        Ok(path) if is_a_choice(paths) => format!(r#", "runs": "{}""#, path.isa.name),
        _ => String::new(),
    };
    format!(
        r#"
  "{name}": {{"loop_order": "{loop_order}", "layout": "contiguous", "threads": "{threads}",
    "bounds_checks": {bounds_checks}, "fast_math": false, "flags": "{flags}",
    "instruction_sets": ["{instruction_sets}"]{path}}}"#
    )
}

/// What `matmul run` is to measure.
struct Case {
    rung: &'static Rung,
    n: usize,
    threads: usize,
    first: usize,
    rows: usize,
    calls: usize,
    samples: usize,
}

impl Case {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let [command, rung, n, threads, first, rows, calls, samples] = arguments else {
            return Err("neither info nor run with its seven arguments".into());
        };
        if command != "run" {
            return Err(format!("no command is called {command}"));
        }
        let Some(rung) = LADDER.iter().find(|known| known.name == rung) else {
            return Err(format!("no rung is called {rung}"));
        };
        let n = number("N", n, 1, LARGEST_N)?;
        Ok(Self {
            rung,
            n,
            threads: number("THREADS", threads, 1, LARGEST)?,
            first: number("FIRST", first, 0, n - 1)?,
            rows: number("ROWS", rows, 1, n)?,
            calls: number("CALLS", calls, 0, MOST_CALLS)?,
            samples: number("SAMPLES", samples, 1, LARGEST)?,
        })
    }

    /// Prints a line for each sample and leaves C to be compared.
    fn measure(&self, multiply: Multiply) -> Result<(), String> {
        let (n, size) = (self.n, self.rows * self.n);
        let starts = self.calls.min(n); // each call begins a row further down, and after all rows at the first again
        let mut a = vec![0.0; size + starts * n];
        let mut b = vec![0.0; (n + starts) * n];
        let mut c = vec![0.0; size];
        for sample in 0..self.samples {
            load("/data/a.f64", &mut a, n, self.first + sample * (self.rows + 2))?;
            load("/data/b.f64", &mut b, n, self.first + sample)?;
            c.fill(0.0);
            let cpu_start_ns = clock::cpu_ns();
            let start = Instant::now();
            for call in 0..self.calls {
                let at = call % n * n;
                multiply(n, self.threads, &a[at..][..size], &b[at..][..n * n], &mut c);
            }
            let wall_ns = start.elapsed().as_nanos();
            let cpu_ns = clock::cpu_ns() - cpu_start_ns;
            // Rust's standard output is line-buffered, whatever it is connected to: this flushes.
            writeln!(io::stdout(), "{wall_ns} {cpu_ns} {}", checksum(&c))
                .map_err(|error| format!("cannot print: {error}"))?;
        }
        write("/out/c.f64", &c)
    }
}

fn number(name: &str, text: &str, least: usize, largest: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|x| (least..=largest).contains(x));
    number.ok_or_else(|| format!("{name} must be from {least} to {largest}, not {text}"))
}

/// Fills `numbers` with rows of n from a file that has n of them, from row `first` on; after the last comes row 0.
fn load(path: &str, numbers: &mut [f64], n: usize, first: usize) -> Result<(), String> {
    let mut load = || {
        let file = File::open(path)?;
        let mut bytes = vec![[0; 8]; n];
        for (i, row) in numbers.chunks_exact_mut(n).enumerate() {
            file.read_exact_at(bytes.as_flattened_mut(), ((first + i) % n * n * 8) as u64)?;
            row.iter_mut().zip(&bytes).for_each(|(number, bytes)| *number = f64::from_le_bytes(*bytes));
        }
        Ok(())
    };
    load().map_err(|error: io::Error| format!("cannot read {n} rows from {path}: {error}"))
}

fn write(path: &str, numbers: &[f64]) -> Result<(), String> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        for number in numbers {
            file.write_all(&number.to_le_bytes())?;
        }
        file.flush()
    };
    write().map_err(|error| format!("cannot write {path}: {error}"))
}

/// Σ int32(C[k]) · (2k + 1) mod 2³²: it tells a wrong element, and elements in each other's place.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2³²")]
fn checksum(c: &[f64]) -> u32 {
    let term = |(k, &x): (usize, &f64)| (x as i32 as u32).wrapping_mul((2 * k + 1) as u32);
    c.iter().enumerate().map(term).fold(0, u32::wrapping_add)
}

#[cfg(test)]
mod tests {
    #[test]
    fn checksum_wraps() {
        let expected = 5_u32.wrapping_sub(7 * 3);
        assert_eq!(super::checksum(&[5.0, -7.0]), expected);
    }
}
