//! Blocks of a matrix copied into strips, in the order in which a kernel reads them, and the memory for them.

const std = @import("std");
const linux = std.os.linux;

/// The size of blocks, at most `limit` but for rounding, that part `whole` evenly, in multiples of `unit`.
pub fn evenly(whole: usize, limit: usize, unit: usize) usize {
    const units = (whole + unit - 1) / unit;
    const most = @max(1, limit / unit);
    const blocks = (units + most - 1) / most;
    return (units + blocks - 1) / blocks * unit;
}

/// Copies a block into strips of `columns`, row after row in each; the last is filled up with zeros. Of the threads
/// that share the work, this is `me`.
pub noinline fn rowStrips(
    comptime columns: usize,
    to: [*]f64,
    from: [*]const f64,
    stride: usize,
    width: usize,
    depth: usize,
    me: usize,
    threads: usize,
) void {
    const several = 4 * columns; // for long reads of every row
    var start = me * several;
    while (start < width) : (start += threads * several) {
        for (0..depth) |k| {
            const row = from + k * stride;
            var j = start;
            while (j < @min(start + several, width)) : (j += columns) {
                const strip: [*][columns]f64 = @ptrCast(to + j * depth);
                if (j + columns <= width) {
                    strip[k] = row[j..][0..columns].*;
                } else for (&strip[k], j..) |*entry, column| {
                    entry.* = if (column < width) row[column] else 0;
                }
            }
        }
    }
}

/// Copies a block into strips of `rows`, column after column in each; the last is filled up with zeros.
pub noinline fn columnStrips(
    comptime rows: usize,
    to: [*]f64,
    from: [*]const f64,
    stride: usize,
    height: usize,
    depth: usize,
) void {
    var i: usize = 0;
    while (i < height) : (i += rows) {
        const strip: [*][rows]f64 = @ptrCast(to + i * depth);
        if (i + rows <= height) {
            for (0..depth) |k| {
                inline for (0..rows) |r| strip[k][r] = from[(i + r) * stride + k];
            }
        } else for (0..depth) |k| {
            for (&strip[k], i..) |*entry, row| {
                entry.* = if (row < height) from[row * stride + k] else 0;
            }
        }
    }
}

const huge_page = 2 << 20;
const gpa = std.heap.page_allocator;
var kept: []align(huge_page) u8 = &.{};

/// Room for `count` numbers on huge pages, where Linux has them: hardly an access then waits for the translation of its
/// address. It is kept for the next call, as libraries do: zeroing new pages would cost a small product a tenth of its
/// time. One product at a time may use it.
pub fn memory(count: usize) ![*]f64 {
    const size = std.mem.alignForward(usize, count * @sizeOf(f64), huge_page);
    if (kept.len < size) {
        gpa.free(kept);
        kept = &.{};
        kept = try gpa.alignedAlloc(u8, .fromByteUnits(huge_page), size);
        _ = linux.madvise(kept.ptr, size, linux.MADV.HUGEPAGE);
    }
    return @ptrCast(kept.ptr);
}
