//! A curiosity: about the least that answers a request of HTTP/1.1 with 200, one client at a time. It looks at nothing
//! that it is sent and knows no limit of time: never put it on a network.

const std = @import("std");
const linux = std.os.linux;

const answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
/// Port 8080 of every address.
const name: linux.sockaddr.in = .{ .port = std.mem.nativeToBig(u16, 8080), .addr = 0 };

pub export fn _start() noreturn {
    const listener: linux.fd_t = @intCast(linux.socket(linux.AF.INET, linux.SOCK.STREAM, 0));
    _ = linux.bind(listener, @ptrCast(&name), @sizeOf(@TypeOf(name)));
    _ = linux.listen(listener, 1);
    while (true) {
        const client: linux.fd_t = @intCast(linux.accept4(listener, null, null, 0));
        var request: [1024]u8 = undefined;
        _ = linux.read(client, &request, request.len); // to close on unread input would take the answer back
        _ = linux.write(client, answer, answer.len);
        _ = linux.close(client);
    }
}
