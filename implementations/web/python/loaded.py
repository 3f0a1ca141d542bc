"""Prints the files that the service has loaded when it has answered a request of each kind.

Its image holds no other.
"""

import os
import signal
import socket
import sys
import threading
import time

sys.modules["ssl"] = None  # type: ignore[assignment] # asyncio does without it, and OpenSSL is as large as all the rest

import web  # noqa: E402 - after what it must not load

PORT = 8080
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /json HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"POST /matmul?n=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n0123456789abcdef",
    b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
]


def ask() -> None:
    """Send all requests and, when they are answered, end the service."""
    while True:
        try:
            client = socket.create_connection(("127.0.0.1", PORT))
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
    with client:
        client.sendall(b"".join(REQUESTS))
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=ask).start()
web.main([str(PORT), "1", "127.0.0.1"])
files = {str(module.__file__) for module in [*sys.modules.values()] if getattr(module, "__file__", None)}
print(*sorted(files - {__file__, web.__file__}), sep="\n")
