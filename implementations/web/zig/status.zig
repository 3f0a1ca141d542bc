//! The status codes that the server uses.

const content = @import("content.zig");
const text = @import("text.zig");

pub const Status = enum(u8) {
    ok,
    no_content,
    bad_request,
    not_found,
    method_not_allowed,
    request_timeout,
    content_too_large,
    uri_too_long,
    expectation_failed,
    header_fields_too_large,
    not_implemented,
    http_version_not_supported,
    // Of files alone.
    partial_content,
    moved_permanently,
    not_modified,
    range_not_satisfiable,

    /// In the order of the names, as far as the content has them.
    pub const lines = text.words('\n',
        \\200 OK
        \\204 No Content
        \\400 Bad Request
        \\404 Not Found
        \\405 Method Not Allowed
        \\408 Request Timeout
        \\413 Content Too Large
        \\414 URI Too Long
        \\417 Expectation Failed
        \\431 Request Header Fields Too Large
        \\501 Not Implemented
        \\505 HTTP Version Not Supported
    ++ content.more_statuses);
};
