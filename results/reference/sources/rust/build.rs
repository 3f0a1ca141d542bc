//! Hands `matmul info` what only the build knows: its compiler and the flags it compiles with.

use std::{env, error::Error, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    let version = Command::new(env::var("RUSTC")?).arg("--version").output()?;
    let version = String::from_utf8(version.stdout)?;
    let toolchain = version.split(" (").next().unwrap_or_default();
    let opt_level = env::var("OPT_LEVEL")?;
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS")?.replace('\x1f', " ");
    println!("cargo::rustc-env=TOOLCHAIN={toolchain}");
    println!("cargo::rustc-env=FLAGS=-C opt-level={opt_level} {flags}");
    Ok(())
}
