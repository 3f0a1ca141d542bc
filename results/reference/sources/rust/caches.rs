//! The sizes of this machine's caches, as Linux tells them for every architecture.

use std::fs;
use std::sync::OnceLock;

/// The bytes of a cache that one core finds at a level. They are read once: that takes longer than a product of n = 128.
pub fn bytes(level: usize) -> usize {
    static FOUND: OnceLock<[usize; 3]> = OnceLock::new();
    FOUND.get_or_init(|| [1, 2, 3].map(read))[level - 1]
}

/// The bytes of the first CPU's data (or unified) cache of a level, or else the ones of a modest CPU.
fn read(level: usize) -> usize {
    let found = (0..8).find_map(|index| {
        let cache = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
        let read = |file| fs::read_to_string(format!("{cache}/{file}")).ok();
        let is_wanted = read("level")?.trim() == level.to_string() && read("type")?.trim() != "Instruction";
        let kilobytes: usize = read("size")?.trim().strip_suffix('K')?.parse().ok()?;
        is_wanted.then_some(kilobytes * 1024)
    });
    found.unwrap_or([32, 512, 4096][level - 1] * 1024)
}
