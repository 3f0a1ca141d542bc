//! For the fuzzer alone: `zig build test --fuzz=1M`. The image is built by build.sh.

const std = @import("std");

pub fn build(b: *std.Build) void {
    const module = b.createModule(.{
        .root_source_file = b.path("tests.zig"),
        .target = b.resolveTargetQuery(.{}),
        .optimize = .safe,
    });
    const tests = b.addTest(.{ .root_module = module });
    b.step("test", "Run the tests").dependOn(&b.addRunArtifact(tests).step);
}
