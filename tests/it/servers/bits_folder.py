"""A BITS upload server that keeps what it gets in a folder; written for tests, with the standard library alone.

The profile of [MC-BUP]: overlaps are refused with 416, a file is published on Close-Session, errors stand in
BITS-Error. What it does wrong, it does only when it is told so:

    python3 bits_folder.py FOLDER [DEVIATION ...]

    404-to-unknown-sessions   the status is 404 in place of 500, the code is right
    range-for-offset          BITS-Received-Content-Range is `0-1999` in place of `2000`
    no-accept-encoding        the ack of Create-Session does not list encodings

It listens on a free port of this machine and prints its URL.
"""

import os
import re
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

FOLDER = os.path.realpath(sys.argv[1])
DEVIATIONS = set(sys.argv[2:])
KNOWN = {"404-to-unknown-sessions", "range-for-offset", "no-accept-encoding"}
assert DEVIATIONS <= KNOWN, DEVIATIONS - KNOWN
PROTOCOL = "{7df0354d-249b-430f-820d-3d2a9bef4931}"
SESSIONS = {}
LOCK = threading.Lock()


class Fault(Exception):
    """A refusal: status, code, further header fields."""

    def __init__(self, status, code=None, headers=()):
        super().__init__(status)
        self.status, self.code, self.headers = status, code, dict(headers)


class Session:
    """One upload: where it goes, what has arrived, how much there will be."""

    def __init__(self, target):
        self.id = "{%s}" % str(uuid.uuid4()).upper()
        self.target, self.total, self.held = target, None, 0
        self.lock = threading.Lock()
        self.part = os.path.join(FOLDER, ".parts", self.id)
        open(self.part, "xb").close()

    def end(self):
        SESSIONS.pop(self.id, None)
        if os.path.exists(self.part):
            os.remove(self.part)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_BITS_POST(self):
        body = None
        try:
            body = self.body()
            kind = self.headers.get("BITS-Packet-Type", "").lower()
            if any(len(value) > 4096 for value in self.headers.values()):
                raise Fault(400, 0x80070057)
            if kind == "ping":
                return self.ack({})
            if kind not in ("create-session", "fragment", "close-session", "cancel-session"):
                raise Fault(400, 0x80070057)
            if kind != "fragment" and body:
                raise Fault(400, 0x80070057)
            if kind == "create-session":
                return self.ack(self.create())
            session = self.session()
            with session.lock:
                if session.id not in SESSIONS:
                    raise self.unknown()
                told = {"fragment": self.fragment, "close-session": self.close, "cancel-session": self.cancel}[kind](session, body)
            self.ack({"BITS-Session-Id": session.id, **told})
        except Fault as fault:
            # Without a length nobody knows where the next request begins.
            self.close_connection = self.close_connection or body is None
            if fault.code:
                fault.headers |= {"BITS-Error": "0x%08X" % fault.code, "BITS-Error-Context": "0x5"}
            self.ack(fault.headers, fault.status)
        except ConnectionError:
            self.close_connection = True

    def body(self):
        """The whole body; one that was cut is as if it had never been sent."""
        if "Transfer-Encoding" in self.headers:
            raise Fault(411, 0x80070057)
        length = self.headers.get("Content-Length")
        if length is None:
            raise Fault(411, 0x80070057)
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            raise ConnectionResetError
        return body

    def session(self):
        name = self.headers.get("BITS-Session-Id")
        if name is None:
            raise Fault(400, 0x80070057)
        session = SESSIONS.get(name)
        if session is None or session.target != self.target():
            raise self.unknown()
        return session

    @staticmethod
    def unknown():
        return Fault(404 if "404-to-unknown-sessions" in DEVIATIONS else 500, 0x8020001F)

    def target(self):
        path = os.path.realpath(os.path.join(FOLDER, unquote(urlsplit(self.path).path).lstrip("/")))
        if os.path.commonpath([path, FOLDER]) != FOLDER:
            raise Fault(403, 0x80070005)
        return path

    def create(self):
        offered = re.split(r"[ ,\t]+", self.headers.get("BITS-Supported-Protocols", "").lower())
        if PROTOCOL not in offered:
            raise Fault(400, 0x80070057)
        target = self.target()
        if os.path.isdir(target):
            raise Fault(400, 0x80070057)
        if os.path.exists(target):
            raise Fault(403, 0x80070005)
        session = Session(target)
        SESSIONS[session.id] = session
        told = {"BITS-Protocol": PROTOCOL, "BITS-Session-Id": session.id}
        if "no-accept-encoding" not in DEVIATIONS:
            told["Accept-Encoding"] = "identity"
        return told

    def fragment(self, session, body):
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Fault(415, 0x80070057)
        fits = re.fullmatch(r"\s*bytes\s+(\d+)-(\d+)/(\d+)\s*", self.headers.get("Content-Range", ""), re.I)
        if not fits:
            raise Fault(400, 0x80070057)
        first, last, total = map(int, fits.groups())
        if first > last or last >= total or len(body) != last - first + 1 or session.total not in (None, total):
            raise Fault(400, 0x80070057)
        if first != session.held:
            raise Fault(416, None, {"BITS-Session-Id": session.id, **self.received(session)})
        with open(session.part, "ab") as part:
            part.write(body)
        session.total, session.held = total, last + 1
        return self.received(session)

    @staticmethod
    def received(session):
        offset = str(session.held)
        if "range-for-offset" in DEVIATIONS and session.held:
            offset = "0-%d" % (session.held - 1)
        return {"BITS-Received-Content-Range": offset}

    @staticmethod
    def close(session, _body):
        if session.held == session.total:
            if os.path.exists(session.target):
                raise Fault(403, 0x80070005)
            os.makedirs(os.path.dirname(session.target), exist_ok=True)
            os.rename(session.part, session.target)
        session.end()
        return {}

    @staticmethod
    def cancel(session, _body):
        session.end()
        return {}

    def ack(self, headers, status=200):
        self.send_response(status)
        for name, value in {"BITS-Packet-Type": "Ack", **headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def do_GET(self):
        try:
            path = self.target()
            with open(path, "rb") as file:
                whole = file.read()
        except (Fault, OSError):
            return self.give(404, b"")
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not asked or int(asked[1]) >= len(whole):
            return self.give(200, whole)
        part = whole[int(asked[1]):int(asked[2]) + 1]
        last = int(asked[1]) + len(part) - 1
        self.give(206, part, {"Content-Range": "bytes %s-%d/%d" % (asked[1], last, len(whole))})

    def give(self, status, body, headers=()):
        self.send_response(status)
        for name, value in {**dict(headers), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


os.makedirs(os.path.join(FOLDER, ".parts"), exist_ok=True)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
