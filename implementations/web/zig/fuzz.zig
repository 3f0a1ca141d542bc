//! What must hold of every input: no safety check trips, and nothing is read otherwise for where it is cut. Tests ask
//! it of some inputs, and libFuzzer of those that it finds.

const builtin = @import("builtin");
const std = @import("std");
const Parser = @import("parser.zig").Parser;
const Status = @import("status.zig").Status;

/// A trap is enough to stop at.
pub const panic = std.debug.no_panic;

const max_text = 2 * 1024;

comptime {
    if (builtin.fuzz) {
        @export(&LLVMFuzzerInitialize, .{ .name = "LLVMFuzzerInitialize" });
        @export(&LLVMFuzzerTestOneInput, .{ .name = "LLVMFuzzerTestOneInput" });
    }
}

// Zig lays counters out as libFuzzer reads them, and leaves it to the program to say where they are.
extern const __start___sancov_cntrs: u8;
extern const __stop___sancov_cntrs: u8;
extern fn __sanitizer_cov_8bit_counters_init(start: *const u8, stop: *const u8) void;

fn LLVMFuzzerInitialize(_: *c_int, _: *[*][*:0]u8) callconv(.c) c_int {
    __sanitizer_cov_8bit_counters_init(&__start___sancov_cntrs, &__stop___sancov_cntrs);
    return 0;
}

/// The first two bytes say where the rest is cut.
fn LLVMFuzzerTestOneInput(data: [*]const u8, size: usize) callconv(.c) c_int {
    if (size < 3 or size - 2 > max_text) return -1;
    const text = data[2..size];
    const cut = std.mem.readInt(u16, data[0..2], .little) % (text.len + 1);
    if (!isReadTheSame(text, cut)) @trap();
    return 0;
}

/// Whether the same becomes of a text in two pieces as of the whole.
pub fn isReadTheSame(text: []const u8, cut: usize) bool {
    var whole: Trace = .{};
    whole.feed(text, text.len);
    var pieces: Trace = .{};
    pieces.feed(text, cut);
    return whole.status == pieces.status and whole.count == pieces.count and whole.sum == pieces.sum;
}

/// Of all requests in a text: how many there are, the first refusal, and a sum over what each says.
const Trace = struct {
    status: Status = .ok,
    count: usize = 0,
    sum: u64 = 0,

    fn feed(trace: *Trace, text: []const u8, cut: usize) void {
        var buffer: [max_text]u8 = undefined;
        @memcpy(buffer[0..text.len], text);
        var request: Parser = .{};
        for ([_]usize{ cut, text.len }) |len| {
            while (trace.status == .ok) {
                trace.status = request.advance(buffer[0..len]);
                if (trace.status != .ok or !request.isComplete()) break;
                std.debug.assert(request.at <= len and request.body + request.body_len <= request.at);
                for (request.bodyIn(&buffer)) |byte| trace.add(byte);
                trace.add(@backingInt(request.method));
                trace.add(@backingInt(request.route.status));
                trace.add(@intFromBool(request.persists()));
                trace.count += 1;
                request = .{ .at = request.at };
            }
        }
    }

    fn add(trace: *Trace, byte: u8) void {
        trace.sum = (trace.sum ^ byte) *% 0x100000001b3;
    }
};
