//! The levels of the CPU that kernels are compiled for (levels.zig), and which of them this CPU has.

const std = @import("std");
const builtin = @import("builtin");

/// A level, called by its vectors.
pub const Isa = enum {
    avx512,
    avx2,
    neon,
    baseline,

    /// The level that this compilation is for.
    pub const compiled: Isa = switch (builtin.cpu.arch) {
        .aarch64 => .neon,
        .x86_64 => if (builtin.cpu.has(.x86, .avx512f))
            .avx512
        else if (builtin.cpu.has(.x86, .avx2))
            .avx2
        else
            .baseline,
        else => .baseline,
    };

    /// The levels with fused multiply-adds on vectors, the best first.
    pub const explicit: []const Isa = switch (builtin.cpu.arch) {
        .aarch64 => &.{.neon},
        .x86_64 => &.{ .avx512, .avx2 },
        else => &.{},
    };

    /// All levels of this architecture, the best first.
    pub const all: []const Isa = if (builtin.cpu.arch == .aarch64) explicit else explicit ++ .{.baseline};

    /// The first of `levels` that this CPU has, or `forced` if that is one of them.
    pub fn choose(levels: []const Isa, forced: ?Isa) ?Isa {
        for (levels) |level| {
            if (level == forced orelse level and level.isHere()) return level;
        }
        return null;
    }

    /// The function that levels.zig exports under this name for this level, one of `levels`.
    pub fn function(isa: Isa, comptime F: type, comptime name: []const u8, comptime levels: []const Isa) *const F {
        inline for (levels) |level| {
            if (level == isa) return @extern(*const F, .{ .name = name ++ "_" ++ @tagName(level) });
        }
        unreachable;
    }

    /// Whether this CPU, and the kernel that saves its registers, have all of x86-64-v3 or v4.
    fn isHere(isa: Isa) bool {
        if (builtin.cpu.arch != .x86_64 or isa == .baseline) return true;
        const fma_movbe_osxsave_avx_f16c = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29;
        const lzcnt = 1 << 5;
        const bmi_avx2_bmi2: u32 = 1 << 3 | 1 << 5 | 1 << 8;
        const avx512_f_dq_cd_bw_vl: u32 = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 | 1 << 31;
        const saved: u32 = if (isa == .avx512) 0b1110_0110 else 0b0000_0110;
        const extended: u32 = bmi_avx2_bmi2 | if (isa == .avx512) avx512_f_dq_cd_bw_vl else 0;
        return holds(cpuid(1).ecx, fma_movbe_osxsave_avx_f16c) and holds(xcr0(), saved) and
            holds(cpuid(7).ebx, extended) and holds(cpuid(0x8000_0001).ecx, lzcnt);
    }
};

fn holds(bits: u32, all: u32) bool {
    return bits & all == all;
}

fn cpuid(leaf: u32) struct { ebx: u32, ecx: u32 } {
    if (leaf & 0xffff > highest(leaf & 0x8000_0000) & 0xffff) return .{ .ebx = 0, .ecx = 0 };
    var ebx: u32 = undefined;
    var ecx: u32 = undefined;
    asm volatile ("cpuid"
        : [ebx] "={ebx}" (ebx),
          [ecx] "={ecx}" (ecx),
        : [leaf] "{eax}" (leaf),
          [subleaf] "{ecx}" (0),
        : .{ .eax = true, .edx = true });
    return .{ .ebx = ebx, .ecx = ecx };
}

fn highest(range: u32) u32 {
    return asm volatile ("cpuid"
        : [eax] "={eax}" (-> u32),
        : [leaf] "{eax}" (range),
          [subleaf] "{ecx}" (0),
        : .{ .ebx = true, .ecx = true, .edx = true });
}

fn xcr0() u32 {
    return asm volatile ("xgetbv"
        : [eax] "={eax}" (-> u32),
        : [index] "{ecx}" (0),
        : .{ .edx = true });
}
