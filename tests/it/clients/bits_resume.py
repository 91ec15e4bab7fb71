"""A BITS client as scripts have it: http.client over TLS, with negotiation, fragments of 2 MiB, and resumption.

    python3 bits_resume.py URL CA-FILE SOURCE

It uploads SOURCE to URL, cuts its own connection in the middle of fragments, asks for the offset as Windows clients do
(a Ping, then a fragment: 416 or 200 tells it), and goes on from there. It prints one JSON object of what it saw.
"""

import http.client
import json
import ssl
import sys
from urllib.parse import urlsplit

URL, CA, SOURCE = sys.argv[1:]
PROTOCOL = "{7df0354d-249b-430f-820d-3d2a9bef4931}"
OFFERED = "{0d7a0a6c-4d5c-4fb6-8c7d-61a8f7f4d001} {0D7A0A6C-4D5C-4FB6-8C7D-61A8F7F4D002} " + PROTOCOL.upper()
FRAGMENT = 2 << 20
SAW = {"cuts": [], "errors": {}, "told": []}
TRUST = ssl.create_default_context(cafile=CA)


def connect():
    place = urlsplit(URL)
    return http.client.HTTPSConnection(place.hostname, place.port, context=TRUST, timeout=20)


def send(connection, kind, headers=(), body=b"", path=None):
    """One packet and its ack; the names of header fields as they came."""
    connection.putrequest("BITS_POST", path or urlsplit(URL).path, skip_accept_encoding=True)
    fields = {"BITS-Packet-Type": kind, "BITS-Supported-Protocols": OFFERED, "Content-Name": "C:\\data\\source.bin",
              "Content-Length": str(len(body)), **dict(headers)}
    for name, value in fields.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    reply = connection.getresponse()
    assert reply.read() == b"", kind
    assert reply.getheader("Content-Length") == "0", kind
    return reply.status, dict(reply.getheaders())


def ranged(session, first, last, total):
    return {"BITS-Session-Id": session, "Content-Range": "bytes %d-%d/%d" % (first, last, total)}


def cut(session, data, offset, after):
    """Sends a fragment, but only that many bytes of it; then the connection is gone."""
    last = min(offset + FRAGMENT, len(data)) - 1
    assert offset + after <= last < len(data) - 1, "a cut fragment lacks a byte, and is not the last one"
    connection = connect()
    connection.putrequest("BITS_POST", urlsplit(URL).path)
    fields = {"BITS-Packet-Type": "Fragment", "Content-Length": str(last - offset + 1), **ranged(session, offset, last, len(data))}
    for name, value in fields.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(data[offset:offset + after])
    connection.close()


def expected(connection, session, data, held, sent):
    """The offset that the server tells; nothing of the upload is changed by asking."""
    assert send(connection, "pInG")[0] == 200
    total = len(data)
    status, ack = send(connection, "Fragment", ranged(session, total - 1, total - 1, total), data[-1:])
    assert status == 416, (status, ack)
    assert not any(name.startswith("BITS-Error") for name in ack), ack
    offset = int(ack["BITS-Received-Content-Range"])
    assert held <= offset <= held + sent, (held, offset, sent)
    return offset


def refused(connection, what, status, code, *packet, **more):
    """A packet that must fail: code and context as each kind of client reads them."""
    got, ack = send(connection, *packet, **more)
    one, other = ack.get("BITS-Error"), ack.get("BITS-Error-Code")
    assert got == status and int(one, 16) == int(other, 16) == code, (what, got, ack)
    assert int(ack["BITS-Error-Context"], 16) == 5, (what, ack)
    SAW["errors"][what] = [got, one, other]


def main():
    with open(SOURCE, "rb") as file:
        data = file.read()
    connection = connect()
    refused(connection, "no protocol", 400, 0x80070057, "CREATE-session", {"BITS-Supported-Protocols": OFFERED.split(" ")[0]})
    status, ack = send(connection, "Create-SESSION")
    assert status == 200 and ack["BITS-Protocol"].lower() == PROTOCOL, ack
    assert ack["BITS-Packet-Type"] == "Ack", ack
    session = ack["BITS-Session-Id"]
    refused(connection, "unknown", 500, 0x8020001F, "Fragment", ranged("{00000000-0000-0000-0000-000000000000}", 0, 0, 9), b"x")
    offset, fragments, cuts = 0, 0, iter([(1, 1), (2, FRAGMENT // 2 + 7), (4, FRAGMENT - 1)])
    due = next(cuts, None)
    while offset < len(data):
        if due and due[0] == fragments:
            # The old connection is kept open by nobody: clients resume over a new one.
            cut(session, data, offset, due[1])
            connection.close()
            connection = connect()
            told = expected(connection, session, data, offset, due[1])
            SAW["cuts"].append([offset, due[1], told])
            offset, due = told, next(cuts, None)
        last = min(offset + FRAGMENT, len(data)) - 1
        kind = ("Fragment", "FRAGMENT", "fragment", "fRaGmEnT")[fragments % 4]
        status, ack = send(connection, kind, ranged(session, offset, last, len(data)), data[offset:last + 1])
        assert status == 200 and ack["BITS-Session-Id"] == session, (status, ack)
        offset = int(ack["BITS-Received-Content-Range"])
        SAW["told"].append(offset)
        assert offset == last + 1, (offset, last)
        fragments += 1
    status, ack = send(connection, "close-Session", {"BITS-Session-Id": session})
    assert status == 200, (status, ack)
    assert not any(name.startswith("BITS-Error") for name in ack), ack
    refused(connection, "closed", 500, 0x8020001F, "Close-Session", {"BITS-Session-Id": session})
    connection.request("GET", urlsplit(URL).path)
    reply = connection.getresponse()
    SAW["same"] = reply.status == 200 and reply.read() == data
    print(json.dumps(SAW))


main()
