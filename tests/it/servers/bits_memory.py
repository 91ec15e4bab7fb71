"""A BITS upload server that keeps what it gets in memory, on bare sockets; written for tests, with the standard library alone.

The other profile: overlaps are trimmed, a file is published with its last fragment, what arrived of a body that was
cut is kept, errors stand in BITS-Error-Code, a destination that exists is refused with the last fragment. What it
does wrong, it does only when it is told so:

    python3 bits_memory.py [DEVIATION ...]

    decimal-error-codes       error codes are decimal numbers
    forgets-all-after-a-cut   after a body that was cut, the upload begins again at 0

It listens on a free port of this machine and prints its URL.
"""

import asyncio
import re
import sys
import uuid
from urllib.parse import unquote

DEVIATIONS = set(sys.argv[1:])
KNOWN = {"decimal-error-codes", "forgets-all-after-a-cut"}
assert DEVIATIONS <= KNOWN, DEVIATIONS - KNOWN
PROTOCOL = "{7df0354d-249b-430f-820d-3d2a9bef4931}"
INVALID, DENIED, UNKNOWN = 0x80070057, 0x80070005, 0x8020001F
FILES, SESSIONS = {}, {}


class Upload:
    def __init__(self, path):
        self.path, self.total, self.data, self.done = path, None, bytearray(), False
        self.lock = asyncio.Lock()


class Request:
    """The head of a request, and how much of its body is still to come."""

    def __init__(self, head, reader):
        line, *fields = head.decode("latin-1").split("\r\n")[:-2]
        self.method, target, self.version = line.split(" ")
        self.path = unquote(target.split("?")[0])
        self.headers = {}
        for field in fields:
            name, _, value = field.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        length = self.headers.get("content-length")
        self.chunked = "transfer-encoding" in self.headers
        self.lengthless = self.chunked or length is None and self.version == "HTTP/1.1"
        self.left = 0 if self.chunked or length is None else int(length)
        self.length, self.reader = self.left, reader

    async def some(self):
        part = await self.reader.read(min(self.left, 65536))
        if not part:
            raise ConnectionResetError
        self.left -= len(part)
        return part

    async def skip(self):
        while self.left:
            await self.some()


def refusal(status, code):
    text = str(code - (1 << 32)) if "decimal-error-codes" in DEVIATIONS else "0x%08x" % code
    return status, {"BITS-Error-Code": text, "BITS-Error-Context": "0x5"}, b""


async def packet(request):
    """Status, header fields and body of the ack."""
    kind = request.headers.get("bits-packet-type", "").upper()
    if kind == "PING":
        await request.skip()
        return 200, {}, b""
    if request.lengthless:
        return refusal(411, INVALID)
    if any(len(value) > 4096 for value in request.headers.values()):
        return refusal(400, INVALID)
    if kind not in ("CREATE-SESSION", "FRAGMENT", "CLOSE-SESSION", "CANCEL-SESSION"):
        return refusal(400, INVALID)
    if kind != "FRAGMENT" and request.length:
        return refusal(400, INVALID)
    if kind == "CREATE-SESSION":
        return create(request)
    name = request.headers.get("bits-session-id")
    if name is None:
        return refusal(400, INVALID)
    upload = SESSIONS.get(name)
    if upload is None or upload.path != request.path:
        return refusal(500, UNKNOWN)
    async with upload.lock:
        if SESSIONS.get(name) is not upload:
            return refusal(500, UNKNOWN)
        if kind == "FRAGMENT":
            return await fragment(request, name, upload)
        # Close and Cancel both end the session: the file stands since its last fragment, or never will.
        del SESSIONS[name]
        return 200, {"BITS-Session-Id": name}, b""


def create(request):
    offered = re.split(r"[ ,\t]+", request.headers.get("bits-supported-protocols", "").lower())
    if PROTOCOL not in offered:
        return refusal(400, INVALID)
    if any(path.startswith(request.path.rstrip("/") + "/") for path in FILES):
        return refusal(400, INVALID)
    name = "{%s}" % uuid.uuid4()
    SESSIONS[name] = Upload(request.path)
    return 200, {"BITS-Protocol": PROTOCOL, "BITS-Session-Id": name, "Accept-Encoding": "Identity"}, b""


async def fragment(request, name, upload):
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return refusal(415, INVALID)
    fits = re.fullmatch(r"bytes\s+(\d+)-(\d+)/(\d+)", request.headers.get("content-range", ""), re.I)
    if not fits:
        return refusal(400, INVALID)
    first, last, total = map(int, fits.groups())
    if first > last or last >= total or request.length != last - first + 1 or upload.total not in (None, total):
        return refusal(400, INVALID)
    if first > len(upload.data):
        return 416, {"BITS-Session-Id": name, "BITS-Received-Content-Range": str(len(upload.data))}, b""
    upload.total = total
    at = first
    try:
        while request.left:
            part = await request.some()
            upload.data += part[max(0, len(upload.data) - at):]
            at += len(part)
    except ConnectionError:
        if "forgets-all-after-a-cut" in DEVIATIONS:
            upload.data.clear()
        raise
    if len(upload.data) == total and not upload.done:
        if upload.path in FILES:
            return refusal(403, DENIED)
        upload.done = True
        FILES[upload.path] = bytes(upload.data)
    return 200, {"BITS-Session-Id": name, "BITS-Received-Content-Range": str(len(upload.data))}, b""


def fetch(request):
    whole = FILES.get(request.path)
    if whole is None:
        return 404, {}, b"no such file\n"
    asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
    if not asked or int(asked[1]) >= len(whole):
        return 200, {}, whole
    part = whole[int(asked[1]):int(asked[2]) + 1]
    last = int(asked[1]) + len(part) - 1
    return 206, {"Content-Range": "bytes %s-%d/%d" % (asked[1], last, len(whole))}, part


async def serve(reader, writer):
    try:
        while True:
            request = Request(await reader.readuntil(b"\r\n\r\n"), reader)
            if request.method == "BITS_POST":
                status, headers, body = await packet(request)
                headers = {"BITS-Packet-Type": "Ack", **headers}
                await request.skip()
            else:
                status, headers, body = fetch(request) if request.method in ("GET", "HEAD") else (405, {}, b"")
            goes_on = not request.lengthless or request.method in ("GET", "HEAD")
            goes_on = goes_on and request.version == "HTTP/1.1" and request.headers.get("connection") != "close"
            if not goes_on:
                headers["Connection"] = "close"
            headers["Content-Length"] = str(len(body))
            head = "HTTP/1.1 %d -\r\n" % status + "".join("%s: %s\r\n" % field for field in headers.items())
            writer.write(head.encode("latin-1") + b"\r\n" + (b"" if request.method == "HEAD" else body))
            await writer.drain()
            if not goes_on:
                return
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
