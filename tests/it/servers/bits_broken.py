"""Servers that are none; written for tests, with the standard library alone.

    python3 bits_broken.py WAY

    hangs      takes connections and requests, and never answers
    drops      reads the head of a request and closes the connection
    garbage    answers bytes that are not HTTP
    says-200   answers 200 to everything, with nothing else
    falters    answers 200 with a session five times, then never again
    endless    answers 200 and a body that never ends
    trickles   sends the head of an answer byte by byte, and never the last

It listens on a free port of this machine and prints its URL.
"""

import socketserver
import sys
import threading
import time

WAY = sys.argv[1]
assert WAY in ("hangs", "drops", "garbage", "says-200", "falters", "endless", "trickles"), WAY
ANSWERED = 0
COUNTING = threading.Lock()


def head(file):
    """The header fields of the next request; None where there is none."""
    if not file.readline():
        return None
    fields = {}
    while line := file.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        fields[name.lower()] = value.strip()
    return fields


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        global ANSWERED
        try:
            while (fields := head(self.rfile)) is not None:
                if WAY == "drops":
                    return
                self.rfile.read(int(fields.get("content-length", 0)))
                with COUNTING:
                    ANSWERED += 1
                    falters = WAY == "falters" and ANSWERED > 5
                if WAY == "hangs" or falters:
                    self.rfile.read()
                    return
                if WAY == "garbage":
                    self.wfile.write(bytes(range(256)) * 4)
                    return
                if WAY == "endless":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
                    while True:
                        self.wfile.write(bytes(65536))
                if WAY == "trickles":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while True:
                        self.wfile.write(b".")
                        time.sleep(0.1)
                session = b""
                if WAY == "falters":
                    session = b"BITS-Packet-Type: Ack\r\nBITS-Session-Id: {%032x}\r\n" % ANSWERED
                self.wfile.write(b"HTTP/1.1 200 OK\r\n" + session + b"Content-Length: 0\r\n\r\n")
        except (ConnectionError, ValueError):
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
