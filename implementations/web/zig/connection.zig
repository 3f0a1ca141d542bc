//! One client: what came and is not used up, what is written and not sent, and how long that may take.
//!
//! Most requests come whole and most answers leave whole: those go through the thread's own buffers, and a connection
//! at rest holds no more than this record. What does not fit the moment is kept in the pages of `spare`, which the
//! kernel provides as they are touched and takes back when the connection rests.

const std = @import("std");
const linux = std.os.linux;
const content = @import("content.zig");
const moveDown = @import("memory.zig").moveDown;
const max_input = @import("parser.zig").max_input;
const Output = @import("output.zig").Output;
const Parser = @import("parser.zig").Parser;
const Server = @import("server.zig").Server;
const Status = @import("status.zig").Status;
const system = @import("system.zig");

/// Reads in a row before the others have their turn.
const max_reads = 8;

/// Of the cache.
const line = 64;

/// Its index is its socket's number. Starts as zeros, and so takes no room in the file.
pub const Connection = struct {
    /// The thread that serves it, or 0: a closed one belongs to nobody.
    owner: u8 = 0,
    stage: Stage = .open,
    rest: Rest = .none,
    /// What epoll reports of it, besides the end; 0 while it does not know the socket.
    interest: u8 = 0,
    has_answered: bool = false,
    has_pages: bool = false,
    socket: linux.fd_t = 0,
    deadline: u32 = 0,
    /// Bytes of input in the spare pages.
    kept: u32 = 0,
    /// Bytes of output there, from the first that is not sent.
    sent: u32 = 0,
    unsent: u32 = 0,
    parser: Parser align(line) = .{},
    /// What of an answer has not been written yet.
    tail: content.Tail = content.no_tail,

    const Stage = enum(u8) {
        open,
        /// The last answer is written but not sent, and all that came before it is read.
        leaving,
        /// The last answer is written but not sent.
        ending,
        /// All is sent, and what still comes is thrown away until the client ends too. To close on unread input
        /// would reset the connection, and might so take the last answer from the client.
        lingering,
        /// Nothing is left but to close.
        gone,
    };

    /// What the connection waits for, and how many seconds it may. The deadline is absolute: set when a wait begins,
    /// and not by its progress.
    const Rest = enum(u8) {
        none = 0,
        /// The client's own end of the connection.
        end = 2,
        /// However busily a client trickles bytes.
        rest_of_request = 10,
        request = 60,
        /// That the client takes the answers that have filled all buffers.
        room = 61,
    };

    pub fn open(connection: *Connection, server: *Server, socket: linux.fd_t) void {
        connection.* = .{ .owner = server.number, .socket = socket };
        server.open_connections += 1;
        connection.serve(server, false);
    }

    /// Goes as far as the socket lets it, and where the client `ends`, until that shows.
    pub fn serve(connection: *Connection, server: *Server, ends: bool) void {
        if (connection.unsent > 0) {
            connection.send(connection.spareOutput()[connection.sent..][0..connection.unsent]);
            // Requests that came along with the one whose answer filled the buffers.
            if (connection.unsent == 0) connection.work(server, connection.spareInput()[0..connection.kept]);
        }
        var reads: u32 = 0;
        while (connection.unsent == 0 and reads < max_reads) : (reads += 1) {
            const buffer = if (connection.kept > 0) connection.spareInput() else &server.input;
            const space = buffer[connection.kept..];
            const result = system.signed(linux.recvfrom(connection.socket, space.ptr, space.len, 0, null, null));
            if (system.isForNow(result)) break;
            if (result <= 0) {
                connection.stage = .gone;
                break;
            }
            const count: usize = @intCast(result);
            connection.work(server, buffer[0 .. connection.kept + count]);
            // What arrives from now on is reported anew.
            if (count < space.len and !ends) break;
        }
        connection.wait(server, reads == max_reads);
    }

    /// Answers what is complete in the input, and keeps the rest of it.
    noinline fn work(connection: *Connection, server: *Server, input: []u8) void {
        if (connection.stage == .lingering) return;
        connection.answerAll(server, input);
        connection.flush(server);
        connection.keep(input);
        if (connection.unsent > 0) return;
        if (connection.stage == .leaving) connection.stage = .gone;
        if (connection.stage != .ending) return;
        _ = linux.shutdown(connection.socket, linux.SHUT.WR);
        connection.stage = .lingering;
    }

    fn answerAll(connection: *Connection, server: *Server, input: []u8) void {
        const parser = &connection.parser;
        const output = &server.output;
        while (connection.writeTail(server) and connection.stage == .open) {
            const status = parser.advance(input);
            if (status != .ok) return connection.refuse(server, status);
            if (!parser.isComplete()) {
                if (content.max_body > 0 and parser.expects_continue) {
                    // A client that waits for leave to send a body in vain need not send it.
                    if (parser.route.status != .ok) return connection.refuse(server, parser.route.status);
                    if (parser.at == input.len) output.print("HTTP/1.1 100 Continue\r\n\r\n");
                    parser.expects_continue = false;
                }
                return;
            }
            const body = parser.bodyIn(input);
            if (output.room() < body.len + content.max_answer) {
                connection.flush(server);
                if (connection.unsent > 0) return;
            }
            const persists = parser.persists() and !server.is_stopping;
            output.persists = persists;
            connection.tail = content.answer(output, parser.route.status, parser, body);
            connection.has_answered = true;
            if (!persists) connection.stage = if (parser.at == input.len) .leaving else .ending;
            parser.* = .{ .at = parser.at };
        }
    }

    /// Writes what is left of a long answer as far as the client takes it. Whether nothing is left.
    fn writeTail(connection: *Connection, server: *Server) bool {
        if (content.Tail == void) return true;
        const output = &server.output;
        while (connection.tail.len > 0) {
            if (output.room() == 0) connection.flush(server);
            if (connection.unsent > 0) return false;
            content.putTail(&connection.tail, output);
            connection.has_answered = true; // a deadline is for as much as the buffers hold, not for all of a long answer
        }
        return true;
    }

    noinline fn refuse(connection: *Connection, server: *Server, status: Status) void {
        server.output.persists = false;
        _ = content.answer(&server.output, status, &connection.parser, &.{});
        connection.stage = .ending;
    }

    /// Sends what the thread has written for this client. What the socket does not take is kept.
    noinline fn flush(connection: *Connection, server: *Server) void {
        const text = server.output.written();
        server.output.end = 0;
        if (text.len == 0) return;
        connection.sent = 0;
        connection.unsent = @intCast(text.len);
        connection.send(text);
        if (connection.unsent == 0) return;
        @memcpy(connection.spareOutput()[0..text.len], text);
        connection.has_pages = true;
    }

    noinline fn send(connection: *Connection, text: []const u8) void {
        const result = system.signed(linux.sendto(connection.socket, text.ptr, text.len, linux.MSG.NOSIGNAL, null, 0));
        if (system.isForNow(result)) return;
        if (result < 0) {
            connection.stage = .gone;
            return;
        }
        const sent: u32 = @intCast(result);
        connection.sent += sent;
        connection.unsent -= sent;
    }

    /// Moves the body so far, and what is not parsed yet, to the beginning of the spare input.
    fn keep(connection: *Connection, input: []const u8) void {
        connection.kept = 0;
        if (connection.stage != .open) return;
        const parser = &connection.parser;
        const body = parser.bodyIn(input);
        const rest = input[parser.at..];
        connection.kept = @intCast(body.len + rest.len);
        parser.at = @intCast(body.len);
        parser.body = 0;
        if (connection.kept == 0) return;
        const space = connection.spareInput();
        if (space.ptr != body.ptr) moveDown(space[0..body.len], body);
        moveDown(space[body.len..][0..rest.len], rest);
        connection.has_pages = true;
    }

    /// Sets the deadline, and has epoll report changes; if `again`, the present state too.
    noinline fn wait(connection: *Connection, server: *Server, again: bool) void {
        const rest: Rest = if (connection.unsent > 0)
            .room
        else if (connection.stage == .lingering)
            .end
        else if (connection.kept > 0 or connection.parser.hasBegun())
            .rest_of_request
        else
            .request;
        if (connection.stage == .gone or server.is_stopping and rest == .request) return connection.close(server);
        if (rest != connection.rest or connection.has_answered) {
            connection.rest = rest;
            connection.has_answered = false;
            connection.deadline = server.now + @backingInt(rest);
        }
        const room: u8 = if (connection.unsent > 0 or again) linux.EPOLL.OUT else 0;
        const interest = connection.interest | linux.EPOLL.IN | room;
        if (interest == connection.interest and !again) return;
        const operation: u32 = if (connection.interest == 0) linux.EPOLL.CTL_ADD else linux.EPOLL.CTL_MOD;
        connection.interest = interest;
        const events = interest | @as(u32, linux.EPOLL.RDHUP | linux.EPOLL.ET);
        if (!system.watch(server.epoll, operation, connection.socket, events)) connection.close(server);
    }

    /// What comes to all connections, and not from their clients: a second is over, others have no room, or the
    /// server stops.
    pub const Occasion = enum(u8) { second, crowd, stop };

    pub noinline fn attend(connection: *Connection, server: *Server, occasion: Occasion) void {
        if (occasion == .stop) return connection.serve(server, true);
        const is_idle = connection.rest == .request;
        if (if (occasion == .crowd) is_idle else connection.deadline < server.now) {
            if (connection.rest == .rest_of_request) {
                connection.refuse(server, .request_timeout);
                connection.work(server, &.{});
            } else connection.stage = .gone;
        } else if (is_idle and connection.has_pages) connection.dropPages();
        connection.wait(server, false);
    }

    noinline fn close(connection: *Connection, server: *Server) void {
        if (connection.has_pages) connection.dropPages();
        // Before the number is free for another thread's client.
        @atomicStore(u8, &connection.owner, 0, .release);
        _ = linux.close(connection.socket);
        server.open_connections -= 1;
    }

    noinline fn dropPages(connection: *Connection) void {
        connection.has_pages = false;
        _ = linux.madvise(connection.spare(), spare_size, linux.MADV.DONTNEED);
    }

    fn spareInput(connection: *const Connection) []u8 {
        return connection.spare()[0..max_input];
    }

    noinline fn spareOutput(connection: *const Connection) []u8 {
        return connection.spare()[max_input..spare_size];
    }

    noinline fn spare(connection: *const Connection) [*]u8 {
        return all_spare + @as(usize, @intCast(connection.socket)) * spare_size;
    }
};

comptime {
    std.debug.assert(@sizeOf(Connection) == if (content.Tail == void) line else 2 * line);
}

/// A multiple of the size of a page, 64 KiB at the most.
const spare_size = std.mem.alignForward(usize, max_input + Output.size, 64 * 1024);

/// Addresses for the pages of as many connections. False where there are none to be had.
pub fn reserve(count: usize) bool {
    const flags: linux.MAP = .{ .TYPE = .PRIVATE, .ANONYMOUS = true, .NORESERVE = true };
    const result = linux.mmap(null, count * spare_size, .{ .READ = true, .WRITE = true }, flags, -1, 0);
    if (system.signed(result) < 0) return false;
    all_spare = @ptrFromInt(result);
    return true;
}

var all_spare: [*]u8 = undefined;
