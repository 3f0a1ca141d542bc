// A service of three answers, one process for each of 128 connections at most: as little as a test of harness needs.
// FAULT, a macro, makes one kind of answer wrong.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char page[4096], in[1 << 17];

static int answer(int to, const char *type, const char *body, size_t length) {
  char out[1 << 14];
  int head = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, length);
  memcpy(out + head, body, length);
  return write(to, out, (size_t)head + length) != (ssize_t)((size_t)head + length);
}

static void serve(int client) {
  size_t held = 0;
  for (long got; (got = read(client, in + held, sizeof in - 1 - held)) > 0;) {
    in[held += (size_t)got] = 0;
    for (char *end; (end = strstr(in, "\r\n\r\n"));) {
      char *length = strcasestr(in, "\r\ncontent-length:"), *body = end + 4, text[128], date[64];
      size_t size = length && length < end ? (size_t)atol(length + 17) : 0, whole = (size_t)(body - in) + size;
      if (held < whole) break;
      int closes = strcasestr(in, "\r\nconnection: close") != NULL, failed;
      time_t now = time(NULL);
      strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
      snprintf(text, sizeof text, "{\"message\":\"Hello, World!\",\"date\":\"%s\"}", date);
#ifdef FAULT
      page[20] = '?';
#endif
      if (!strncmp(in, "POST /echo ", 11)) failed = answer(client, "application/octet-stream", body, size);
      else if (!strncmp(in, "GET /json ", 10)) failed = answer(client, "application/json", text, strlen(text));
      else failed = answer(client, "text/html; charset=utf-8", page, strlen(page));
      memmove(in, in + whole, held - whole + 1);
      held -= whole;
      if (failed || closes) return;
    }
  }
}

static void end(int number) {
  (void)number;
  _exit(0);
}

int main(int count, char **words) {
  FILE *file = fopen("/index.html", "r");
  if (!file || !fread(page, 1, sizeof page - 1, file)) return 1;
  signal(SIGCHLD, SIG_IGN);
  signal(SIGTERM, end);
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((unsigned short)(count > 1 ? atoi(words[1]) : 8080))};
  inet_pton(AF_INET, count > 3 ? words[3] : "0.0.0.0", &here.sin_addr);
  if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 128)) return 1;
  for (int client; (client = accept(listener, NULL, NULL)) >= 0; close(client)) {
    if (fork()) continue;
    serve(client);
    return 0;
  }
  return 1;
}
