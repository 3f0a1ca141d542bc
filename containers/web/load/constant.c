// A server of constants, on one thread: for every request of LENGTH bytes of body that it reads it writes the same
// answer. It parses nothing else, so that what it reaches under load is the load generator's own limit.
//
// constant PORT LENGTH ANSWER-LENGTH CLOSE

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FDS = 4096, READ_BYTES = 1 << 17, ANSWERS = 64, HEAD_BYTES = 256 };

struct connection {
  int matched;    // characters of the empty line that ends a head
  int inside;     // whether the present head has begun
  int has_body;   // whether its method is POST
  long body_left; // bytes of the present request's body that are still to come
};

static struct connection connections[MAX_FDS];
static char input[READ_BYTES];

// How many requests end within these bytes.
static int ended(struct connection *it, const char *bytes, long count, long length) {
  int found = 0;
  for (long at = 0; at < count;) {
    if (it->body_left > 0) {
      long here = it->body_left < count - at ? it->body_left : count - at;
      at += here;
      it->body_left -= here;
      if (it->body_left == 0) found++;
      continue;
    }
    if (!it->inside) it->has_body = bytes[at] == 'P';
    it->inside = 1;
    it->matched = bytes[at] == "\r\n\r\n"[it->matched] ? it->matched + 1 : bytes[at] == '\r';
    at++;
    if (it->matched < 4) continue;
    it->matched = it->inside = 0;
    it->body_left = it->has_body ? length : 0;
    if (it->body_left == 0) found++;
  }
  return found;
}

static int write_all(int fd, const char *bytes, long count) {
  while (count > 0) {
    long written = write(fd, bytes, (size_t)count);
    if (written < 0 && errno == EAGAIN) continue;
    if (written <= 0) return -1;
    bytes += written;
    count -= written;
  }
  return 0;
}

static void taken(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (fd >= MAX_FDS) {
      close(fd);
      continue;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections[fd] = (struct connection){0};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
  }
}

int main(int count, char **words) {
  if (count != 5) return 2;
  int port = atoi(words[1]), closes = atoi(words[4]);
  long length = atol(words[2]), answer_length = atol(words[3]);
  long answer_bytes = HEAD_BYTES + answer_length;
  char *answers = calloc(ANSWERS, (size_t)answer_bytes);
  if (!answers) return 1;
  long one = snprintf(answers, HEAD_BYTES, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n%s\r\n", answer_length,
                      closes ? "Connection: close\r\n" : "");
  memset(answers + one, 'x', (size_t)answer_length);
  one += answer_length;
  for (long each = 1; each < ANSWERS; each++) memcpy(answers + each * one, answers, (size_t)one);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, epoll = epoll_create1(0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return 1;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.fd = listener});
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, -1);
    for (int each = 0; each < ready; each++) {
      int fd = events[each].data.fd;
      if (fd == listener) {
        taken(epoll, listener);
        continue;
      }
      long got = read(fd, input, sizeof input);
      int found = got > 0 ? ended(&connections[fd], input, got, length) : 0, failed = got <= 0 && errno != EAGAIN;
      if (got == 0) failed = 1;
      for (int left = found; left > 0 && !failed; left -= ANSWERS)
        failed = write_all(fd, answers, (left < ANSWERS ? left : ANSWERS) * one);
      if (failed || (closes && found)) close(fd);
    }
  }
}
