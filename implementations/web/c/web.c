/* The web service on epoll and llhttp, the parser of Node.js: C has no HTTP in its library, and llhttp is the parser
 * that is tested by most traffic. Each thread has a socket of its own that listens, and its own connections. The
 * contract is in implementations/web/README.md. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <llhttp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum { MAX_HEAD = 8 << 10, MAX_BODY = 64 << 10, MAX_N = 64, MAX_THREADS = 1024 };
enum { BACKLOG = 1024, CHUNK = 16 << 10, EVENTS = 64, GRACE_MS = 800 };

/* What a connection waits for, and how long at most. As all that wait for the same wait equally long, each wait is a
 * queue whose first connection is the next whose time is up. */
enum wait { IDLE, REQUEST, END, WAITS };
static const int64_t patience_ms[WAITS] = {[IDLE] = 60000, [REQUEST] = 10000, [END] = 1000};

enum kind { OTHER, HOST, TRANSFER_ENCODING, CONTENT_LENGTH, EXPECT };
static const char *const interesting[] = {
    [HOST] = "host",
    [TRANSFER_ENCODING] = "transfer-encoding",
    [CONTENT_LENGTH] = "content-length",
    [EXPECT] = "expect",
};

struct bytes {
    char *data;
    size_t length, room;
};

/* A request. What is longer than its room here is nothing that the service knows. */
struct request {
    char target[256], name[24], value[264];
    size_t target_length, name_length, value_length, head_length;
    int hosts;
    bool begun, head_done, message_done, bad_host, unknown_coding, has_coding, has_length, expects, too_large;
    struct bytes body;
};

struct connection {
    struct connection *before, *after;
    enum wait wait;
    int64_t until_ms;
    int fd;
    bool closing, refused; /* once all is sent; after a request that was not read to its end */
    llhttp_t parser;
    struct request request;
    struct bytes unsent;
};

struct worker {
    pthread_t thread;
    int epoll, listening;
    bool accepting, ending;
    int64_t now_ms, end_ms;
    size_t connections;
    struct connection *first[WAITS], *last[WAITS];
    struct bytes out; /* the answers to what was just read */
    char chunk[CHUNK];
};

struct route {
    const char *path, *allow, *type;
};
static const struct route routes[] = {
    {"/", "GET, HEAD", "text/html; charset=utf-8"},         {"/json", "GET, HEAD", "application/json"},
    {"/healthz", "GET, HEAD", "text/plain; charset=utf-8"}, {"/echo", "POST", "application/octet-stream"},
    {"/matmul", "POST", "application/octet-stream"},
};
enum { PAGE, JSON, HEALTHZ, ECHO, MATMUL };

static int signals;

/* The page, as the assembler reads it. */
extern const char page[], page_end[];
__asm__(".section .rodata\n.global page, page_end\npage: .incbin \"index.html\"\npage_end:\n.previous");

/* --- bytes ------------------------------------------------------------------------------------------------------- */

/* Exits where there is no memory: Linux gives it as long as it has some, and ends the process when it has none. */
static char *extend(struct bytes *bytes, size_t length) {
    if (bytes->length + length > bytes->room) {
        bytes->room = 2 * bytes->room + length;
        bytes->data = realloc(bytes->data, bytes->room);
        if (!bytes->data)
            abort();
    }
    bytes->length += length;
    return bytes->data + bytes->length - length;
}

static void append(struct bytes *bytes, const void *data, size_t length) {
    if (length)
        memcpy(extend(bytes, length), data, length);
}

static void append_text(struct bytes *bytes, const char *text) { append(bytes, text, strlen(text)); }

static void append_number(struct bytes *bytes, size_t number) {
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
    } while (number /= 10);
    append(bytes, digits + start, sizeof digits - start);
}

static void release(struct bytes *bytes) {
    free(bytes->data);
    *bytes = (struct bytes){0};
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The time as in `Fri, 27 Nov 2026 19:20:19 GMT`, made once a second. */
static const char *http_date(void) {
    static _Thread_local time_t of;
    static _Thread_local char date[32];
    const time_t now = time(NULL);
    if (now != of) {
        struct tm parts;
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
        of = now;
    }
    return date;
}

/* --- what the parser finds --------------------------------------------------------------------------------------- */

static void add_capped(char *room, size_t size, size_t *length, const char *at, size_t count) {
    if (*length < size)
        memcpy(room + *length, at, count < size - *length ? count : size - *length);
    *length += count;
}

static struct request *request_of(llhttp_t *parser) { return &((struct connection *)parser->data)->request; }

static int on_begin(llhttp_t *parser) {
    request_of(parser)->begun = true;
    return 0;
}

static int on_target(llhttp_t *parser, const char *at, size_t length) {
    struct request *r = request_of(parser);
    add_capped(r->target, sizeof r->target, &r->target_length, at, length);
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t length) {
    struct request *r = request_of(parser);
    add_capped(r->name, sizeof r->name, &r->name_length, at, length);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length) {
    struct request *r = request_of(parser);
    add_capped(r->value, sizeof r->value, &r->value_length, at, length);
    return 0;
}

/* Whether it is a name or an address and perhaps a port; it may be empty. */
static bool is_host(const char *host, size_t length) {
    size_t i = 0;
    if (length && host[0] == '[') {
        i = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        if (host[i++] != ']')
            return false;
    } else {
        while (host[i] &&
               (((host[i] | 32) >= 'a' && (host[i] | 32) <= 'z') || strchr("0123456789-._~%!$&'()*+,;=", host[i])))
            i++;
    }
    if (host[i] == ':')
        i += 1 + strspn(host + i + 1, "0123456789");
    return i == length;
}

static int on_header(llhttp_t *parser) {
    struct request *r = request_of(parser);
    enum kind kind = OTHER;
    for (enum kind each = HOST; each < LENGTH(interesting) && !r->head_done; each++)
        if (r->name_length == strlen(interesting[each]) && !strncasecmp(r->name, interesting[each], r->name_length))
            kind = each;
    const bool is_whole = r->value_length < sizeof r->value;
    r->value[is_whole ? r->value_length : sizeof r->value - 1] = 0;
    if (kind == HOST) {
        r->hosts++;
        r->bad_host |= !is_whole || !is_host(r->value, r->value_length);
    } else if (kind == TRANSFER_ENCODING) {
        r->unknown_coding |= r->has_coding || strcasecmp(r->value, "chunked");
        r->has_coding = true;
    } else if (kind == CONTENT_LENGTH) {
        r->has_length = true;
    } else if (kind == EXPECT) {
        r->expects = !strcasecmp(r->value, "100-continue");
    }
    r->name_length = r->value_length = 0;
    return 0;
}

static int on_head(llhttp_t *parser) {
    request_of(parser)->head_done = true;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *parser, const char *at, size_t length) {
    struct request *r = request_of(parser);
    if (r->body.length + length > MAX_BODY) {
        r->too_large = true;
        return -1;
    }
    append(&r->body, at, length);
    return 0;
}

static int on_message(llhttp_t *parser) {
    request_of(parser)->message_done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_begin,
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_header,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_message,
};

/* --- answers ----------------------------------------------------------------------------------------------------- */

static const char *reason_of(int status) {
    switch (status) {
    case 200:
        return "200 OK";
    case 404:
        return "404 Not Found";
    case 405:
        return "405 Method Not Allowed";
    case 408:
        return "408 Request Timeout";
    case 413:
        return "413 Content Too Large";
    case 414:
        return "414 URI Too Long";
    case 431:
        return "431 Request Header Fields Too Large";
    case 501:
        return "501 Not Implemented";
    case 505:
        return "505 HTTP Version Not Supported";
    default:
        return "400 Bad Request";
    }
}

static void append_head(struct bytes *out, const struct connection *c, int status, const char *type, size_t length) {
    append_text(out, "HTTP/1.1 ");
    append_text(out, reason_of(status));
    append_text(out, "\r\nDate: ");
    append_text(out, http_date());
    append_text(out, "\r\nContent-Type: ");
    append_text(out, type);
    append_text(out, "\r\nContent-Length: ");
    append_number(out, length);
    if (c->closing)
        append_text(out, "\r\nConnection: close");
    else if (c->parser.http_major == 1 && c->parser.http_minor == 0)
        append_text(out, "\r\nConnection: keep-alive");
}

static void send_error(struct worker *w, struct connection *c, int status, const char *allow) {
    const char *reason = reason_of(status);
    append_head(&w->out, c, status, "text/plain; charset=utf-8", strlen(reason) + 1);
    if (allow) {
        append_text(&w->out, "\r\nAllow: ");
        append_text(&w->out, allow);
    }
    append_text(&w->out, "\r\n\r\n");
    if (!c->request.head_done || c->parser.method != HTTP_HEAD) {
        append_text(&w->out, reason);
        append_text(&w->out, "\n");
    }
}

/* The last answer, as the rest of the request is not read. */
static void refuse(struct worker *w, struct connection *c, int status, const char *allow) {
    c->closing = c->refused = true;
    send_error(w, c, status, allow);
}

/* The n of `n=64`; 0 for anything else, and for one that the length of the body contradicts. */
static size_t n_of(const char *query, size_t body_length) {
    size_t n = 0;
    if (strncmp(query, "?n=", 3) || strlen(query) > 5)
        return 0;
    for (const char *digit = query + 3; *digit; digit++) {
        if (*digit < '0' || *digit > '9')
            return 0;
        n = 10 * n + (size_t)(*digit - '0');
    }
    return n <= MAX_N && body_length == 2 * n * n * sizeof(double) ? n : 0;
}

/* C = AB, each sum made in the order of k. A, B and C are n x n. */
static void multiply(size_t n, const double *A, const double *B, double *C) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++)
                C[i * n + j] += A[i * n + k] * B[k * n + j];
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "matrices are sent as they are in memory");

static void append_product(struct bytes *out, size_t n, const struct bytes *body) {
    double C[MAX_N * MAX_N];
    memset(C, 0, n * n * sizeof *C);
    const double *A = (const double *)(const void *)body->data; /* as aligned as what malloc gives */
    multiply(n, A, A + n * n, C);
    append(out, C, n * n * sizeof *C);
}

static void answer(struct worker *w, struct connection *c, size_t route, const char *query) {
    const struct bytes *body = &c->request.body;
    const char *date = http_date(), *type = routes[route].type;
    const bool is_head = c->parser.method == HTTP_HEAD;
    const char *content = body->data;
    size_t length = body->length, n = 0;
    char json[96];
    if (route == PAGE) {
        content = page;
        length = (size_t)(page_end - page);
    } else if (route == JSON) {
        content = json;
        strcpy(json, "{\"message\":\"Hello, World!\",\"date\":\"");
        length = strlen(strcat(strcat(json, date), "\"}"));
    } else if (route == HEALTHZ) {
        content = "ok\n";
        length = 3;
    } else if (route == MATMUL) {
        n = n_of(query, length);
        if (!n) {
            send_error(w, c, 400, NULL);
            return;
        }
        length = n * n * sizeof(double);
    }
    append_head(&w->out, c, 200, type, length);
    append_text(&w->out, "\r\n\r\n");
    if (n)
        append_product(&w->out, n, body);
    else if (!is_head)
        append(&w->out, content, length);
}

static bool is_known(uint8_t method) {
    return method <= HTTP_TRACE || method == HTTP_PATCH; /* llhttp has the usual ones first */
}

/* The path of a target, which may be an absolute one, and where its query begins. */
static const char *path_of(struct request *r, const char **query) {
    const bool is_whole = r->target_length < sizeof r->target;
    r->target[is_whole ? r->target_length : 0] = 0; /* none of ours is so long */
    const char *path = r->target;
    if (!strncmp(path, "http://", 7))
        path += 7 + strcspn(path + 7, "/?");
    *query = path + strcspn(path, "?");
    return path;
}

static size_t route_of(struct request *r, const char **query) {
    const char *path = path_of(r, query);
    const size_t length = (size_t)(*query - path);
    size_t route = 0;
    while (route < LENGTH(routes) && (strlen(routes[route].path) != length || memcmp(routes[route].path, path, length)))
        route++;
    return route;
}

/* Whether a route takes a method. */
static bool takes(size_t route, uint8_t method) {
    return route >= ECHO ? method == HTTP_POST : method == HTTP_GET || method == HTTP_HEAD;
}

/* The status by the head alone; 200 where the answer is up to the body. */
static int status_of(const struct connection *c) {
    const struct request *r = &c->request;
    if (c->parser.http_major != 1)
        return c->parser.http_major ? 505 : 400;
    if (!is_known(c->parser.method))
        return 501;
    if (r->bad_host || r->hosts > 1 || (!r->hosts && c->parser.http_minor > 0))
        return 400;
    if (r->has_coding && r->has_length)
        return 400;
    if (r->unknown_coding)
        return 501;
    if (r->has_length && c->parser.content_length > MAX_BODY)
        return 413;
    return 200;
}

static void after_head(struct worker *w, struct connection *c) {
    struct request *r = &c->request;
    const int status = status_of(c);
    const bool has_body = r->has_coding || (r->has_length && c->parser.content_length);
    if (status != 200)
        refuse(w, c, status, NULL);
    else if (c->parser.method == HTTP_CONNECT)
        refuse(w, c, 405, "GET, HEAD"); /* what follows might be anything */
    else if (has_body && r->expects)
        append_text(&w->out, "HTTP/1.1 100 Continue\r\n\r\n");
    if (r->has_length && !c->closing) { /* room for all of it at once */
        extend(&r->body, c->parser.content_length);
        r->body.length = 0;
    }
}

static void after_message(struct worker *w, struct connection *c) {
    struct request *r = &c->request;
    const char *query;
    const size_t route = route_of(r, &query);
    c->closing = w->ending || !llhttp_should_keep_alive(&c->parser);
    if (route == LENGTH(routes))
        send_error(w, c, 404, NULL);
    else if (!takes(route, c->parser.method))
        send_error(w, c, 405, routes[route].allow);
    else
        answer(w, c, route, query);
    release(&r->body);
    *r = (struct request){0};
}

/* A method that llhttp does not know is unknown where what follows looks like one, and otherwise no method. */
static int status_of_method(const char *at, const char *end) {
    while (at < end && (((*at | 32) >= 'a' && (*at | 32) <= 'z') || *at == '-'))
        at++;
    return at + 1 < end && at[0] == ' ' && at[1] > ' ' ? 501 : 400;
}

/* Hands what was read to the parser, and answers each request that ends in it. */
static void consume(struct worker *w, struct connection *c, const char *at, size_t length) {
    const char *end = at + length;
    struct request *r = &c->request;
    enum llhttp_errno error;
    do {
        const bool in_head = !r->head_done;
        error = llhttp_execute(&c->parser, at, (size_t)(end - at));
        const char *stop = error == HPE_OK ? end : llhttp_get_error_pos(&c->parser);
        if (in_head)
            r->head_length += (size_t)(stop - at);
        if (in_head && r->head_length > MAX_HEAD) {
            refuse(w, c, r->target_length > MAX_HEAD - 64 ? 414 : 431, NULL);
        } else if (error == HPE_PAUSED && r->message_done) {
            llhttp_resume(&c->parser);
            after_message(w, c);
        } else if (error == HPE_PAUSED) {
            llhttp_resume(&c->parser);
            after_head(w, c);
        } else if (error == HPE_PAUSED_UPGRADE) {
            llhttp_resume_after_upgrade(&c->parser);
        } else if (error != HPE_OK) {
            refuse(w, c, r->too_large ? 413 : error == HPE_INVALID_METHOD ? status_of_method(stop, end) : 400, NULL);
        }
        at = stop;
    } while (!c->closing && (at < end || error != HPE_OK)); /* a pause at the end of the chunk has more to tell */
}

/* --- connections ------------------------------------------------------------------------------------------------- */

static void leave_queue(struct worker *w, struct connection *c) {
    *(c->before ? &c->before->after : &w->first[c->wait]) = c->after;
    *(c->after ? &c->after->before : &w->last[c->wait]) = c->before;
}

static void join_queue(struct worker *w, struct connection *c, enum wait wait) {
    c->wait = wait;
    c->until_ms = w->now_ms + patience_ms[wait];
    c->after = NULL;
    c->before = w->last[wait];
    *(c->before ? &c->before->after : &w->first[wait]) = c;
    w->last[wait] = c;
}

static void wait_for(struct worker *w, struct connection *c, enum wait wait) {
    leave_queue(w, c);
    join_queue(w, c, wait);
}

static void watch(const struct worker *w, int operation, int fd, uint32_t events, void *data) {
    epoll_ctl(w->epoll, operation, fd, &(struct epoll_event){.events = events, .data.ptr = data});
}

static void drop(struct worker *w, struct connection *c) {
    leave_queue(w, c);
    close(c->fd);
    release(&c->unsent);
    release(&c->request.body);
    free(c);
    w->connections--;
    if (!w->accepting && !w->ending) {
        watch(w, EPOLL_CTL_ADD, w->listening, EPOLLIN, NULL);
        w->accepting = true;
    }
}

/* Sends what it can. False where the connection is gone. */
static bool send_all(const struct connection *c, const char *data, size_t length, size_t *sent) {
    for (*sent = 0; *sent < length;) {
        const ssize_t count = send(c->fd, data + *sent, length - *sent, MSG_NOSIGNAL);
        if (count < 0)
            return errno == EAGAIN;
        *sent += (size_t)count;
    }
    return true;
}

/* After everything was sent: the next request, or the end. A connection that is closed over unread data may take the
 * answer with it, so that of a refused request the rest is awaited for a moment. */
static void sent_all(struct worker *w, struct connection *c) {
    if (!c->closing)
        return;
    if (!c->refused) {
        drop(w, c);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    wait_for(w, c, END);
}

/* Sends the answers. What the client does not take at once is kept, and nothing more is read until it has. */
static void flush(struct worker *w, struct connection *c) {
    size_t sent = 0;
    const bool is_there = send_all(c, w->out.data, w->out.length, &sent);
    if (!is_there) {
        w->out.length = 0;
        drop(w, c);
        return;
    }
    const bool is_all = sent == w->out.length;
    if (!is_all) {
        append(&c->unsent, w->out.data + sent, w->out.length - sent);
        watch(w, EPOLL_CTL_MOD, c->fd, EPOLLOUT, c);
        wait_for(w, c, REQUEST);
    }
    w->out.length = 0;
    if (is_all)
        sent_all(w, c);
}

static void on_writable(struct worker *w, struct connection *c) {
    size_t sent = 0;
    if (!send_all(c, c->unsent.data, c->unsent.length, &sent)) {
        drop(w, c);
        return;
    }
    memmove(c->unsent.data, c->unsent.data + sent, c->unsent.length - sent);
    c->unsent.length -= sent;
    if (c->unsent.length)
        return;
    release(&c->unsent);
    watch(w, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
    wait_for(w, c, c->request.begun ? REQUEST : IDLE);
    sent_all(w, c);
}

static void on_readable(struct worker *w, struct connection *c) {
    const ssize_t count = recv(c->fd, w->chunk, sizeof w->chunk, 0);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        drop(w, c);
        return;
    }
    if (c->closing)
        return; /* the rest of what was refused */
    consume(w, c, w->chunk, (size_t)count);
    const bool answered = w->out.length;
    if (answered || c->wait == IDLE)
        wait_for(w, c, c->request.begun ? REQUEST : IDLE);
    if (answered)
        flush(w, c);
}

static void accept_all(struct worker *w) {
    for (;;) {
        const int fd = accept4(w->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && w->connections) {
            watch(w, EPOLL_CTL_DEL, w->listening, 0, NULL); /* until a connection is closed */
            w->accepting = false;
        }
        if (fd < 0)
            return;
        struct connection *c = calloc(1, sizeof *c);
        if (!c)
            abort();
        c->fd = fd;
        llhttp_init(&c->parser, HTTP_REQUEST, &settings);
        llhttp_set_lenient_version(&c->parser, 1); /* which version is served is decided here */
        c->parser.data = c;
        join_queue(w, c, IDLE);
        w->connections++;
        watch(w, EPOLL_CTL_ADD, fd, EPOLLIN, c);
    }
}

static void end_waits(struct worker *w) {
    for (enum wait wait = 0; wait < WAITS; wait++) {
        while (w->first[wait] && w->first[wait]->until_ms <= w->now_ms) {
            struct connection *c = w->first[wait];
            if (wait == REQUEST && !c->unsent.length) {
                refuse(w, c, 408, NULL);
                flush(w, c);
            } else {
                drop(w, c);
            }
        }
    }
}

/* --- threads ----------------------------------------------------------------------------------------------------- */

static void begin_end(struct worker *w) {
    w->ending = true;
    w->end_ms = w->now_ms + GRACE_MS;
    watch(w, EPOLL_CTL_DEL, signals, 0, NULL);
    close(w->listening);
    while (w->first[IDLE])
        drop(w, w->first[IDLE]);
}

static void *work(void *argument) {
    struct worker *w = argument;
    struct epoll_event events[EVENTS];
    while (!w->ending || (w->connections && w->now_ms < w->end_ms)) {
        const bool waits = w->first[IDLE] || w->first[REQUEST] || w->first[END];
        const int count = epoll_wait(w->epoll, events, EVENTS, w->ending ? 20 : waits ? 500 : -1);
        w->now_ms = now_ms();
        bool told = false;
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].data.ptr == &signals)
                told = true;
            else if (!c)
                accept_all(w);
            else if (events[i].events & EPOLLOUT)
                on_writable(w, c);
            else
                on_readable(w, c);
        }
        end_waits(w);
        if (told)
            begin_end(w);
    }
    return NULL;
}

/* --- the start --------------------------------------------------------------------------------------------------- */

static const char usage[] = "usage: web [PORT [THREADS [ADDRESS]]]\n";

static int fail(int status, const char *what, const char *why) {
    const char *said[] = {"web: ", what, why, "\n", status == 2 ? usage : ""};
    for (size_t i = 0; i < LENGTH(said); i++)
        fputs(said[i], stderr);
    return status;
}

/* A number from 1 to most; 0 for anything else. */
static int number(const char *text, long most) {
    char *end;
    const long number = strtol(text, &end, 10);
    return *end || number < 1 || number > most ? 0 : (int)number;
}

static int listen_on(const char *address, int port, bool is_shared) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    inet_pton(AF_INET, is_v6 ? "0.0.0.0" : address, &v4.sin_addr);
    const int yes = 1, no = 0, type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, type, 0);
    if (fd < 0 && is_v6 && !strcmp(address, "::")) { /* this machine has no IPv6 */
        is_v6 = false;
        fd = socket(AF_INET, type, 0);
    }
    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (is_shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* of each connection, too */
    if (is_v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    const struct sockaddr *at = is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
    if (!bind(fd, at, is_v6 ? sizeof v6 : sizeof v4) && !listen(fd, BACKLOG))
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static bool start(struct worker *w, const char *address, int port, bool is_shared) {
    w->listening = listen_on(address, port, is_shared);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->listening < 0 || w->epoll < 0)
        return false;
    w->accepting = true;
    watch(w, EPOLL_CTL_ADD, w->listening, EPOLLIN, NULL);
    watch(w, EPOLL_CTL_ADD, signals, EPOLLIN, &signals);
    return true;
}

int main(int count, char **arguments) {
    const int port = count > 1 ? number(arguments[1], 65535) : 8080;
    const int threads = count > 2 ? number(arguments[2], MAX_THREADS) : 1;
    const char *address = count > 3 ? arguments[3] : "::";
    struct in6_addr parsed;
    if (count > 4)
        return fail(2, "too many arguments", "");
    if (!port || !threads)
        return fail(2, "no such number: ", arguments[port ? 2 : 1]);
    if (inet_pton(AF_INET6, address, &parsed) != 1 && inet_pton(AF_INET, address, &parsed) != 1)
        return fail(2, "no address: ", address);

    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGTERM);
    sigaddset(&told, SIGINT);
    sigprocmask(SIG_BLOCK, &told, NULL);
    signals = signalfd(-1, &told, SFD_CLOEXEC);
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    if (signals < 0 || !workers)
        return fail(1, "cannot start: ", strerror(errno));
    for (int i = 0; i < threads; i++)
        if (!start(&workers[i], address, port, threads > 1))
            return fail(1, "cannot listen: ", strerror(errno));
    for (int i = 1; i < threads; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            return fail(1, "cannot start a thread", "");
    work(&workers[0]);
    for (int i = 1; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    return 0;
}
