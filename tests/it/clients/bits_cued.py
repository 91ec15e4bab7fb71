"""A BITS client that resumes: where anything goes wrong it connects anew, asks for the offset, and goes on from there.

    python3 bits_cued.py URL LENGTH FRAGMENT

It uploads LENGTH bytes in fragments of FRAGMENT and prints one JSON object: the offsets that it was told after something had
gone wrong, what that was, and whether the file is the same in the end.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

URL, LENGTH, FRAGMENT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PROTOCOL = "{7df0354d-249b-430f-820d-3d2a9bef4931}"
DATA = bytes(at * 31 % 253 for at in range(LENGTH))
SAW = {"resumed": [], "errors": []}
PLACE = urlsplit(URL)


def connect():
    return http.client.HTTPConnection(PLACE.hostname, PLACE.port, timeout=1)


def send(connection, kind, headers=(), body=b""):
    fields = {"BITS-Packet-Type": kind, "Content-Length": str(len(body)), **dict(headers)}
    connection.request("BITS_POST", PLACE.path, body=body, headers=fields)
    reply = connection.getresponse()
    reply.read()
    return reply.status, reply


def fragment(connection, session, first, last):
    fields = {"BITS-Session-Id": session, "Content-Range": "bytes %d-%d/%d" % (first, last, LENGTH)}
    return send(connection, "Fragment", fields, DATA[first:last + 1])


def offset(session):
    """What the server holds: it tells where a fragment does not start there, and the last byte never does."""
    connection = connect()
    status, reply = fragment(connection, session, LENGTH - 1, LENGTH - 1)
    assert status == 416, status
    connection.close()
    return int(reply.getheader("BITS-Received-Content-Range"))


def main():
    connection = connect()
    status, reply = send(connection, "Create-Session", {"BITS-Supported-Protocols": PROTOCOL})
    assert status == 200, status
    session = reply.getheader("BITS-Session-Id")
    at = 0
    while at < LENGTH:
        last = min(at + FRAGMENT, LENGTH) - 1
        try:
            status, reply = fragment(connection, session, at, last)
            if status != 200:
                raise http.client.HTTPException("%d %s" % (status, reply.getheader("BITS-Error")))
            at = int(reply.getheader("BITS-Received-Content-Range"))
            assert at == last + 1, (at, last)
        except (OSError, http.client.HTTPException) as error:
            SAW["errors"].append(type(error).__name__)
            connection.close()
            connection = connect()
            at = offset(session)
            SAW["resumed"].append(at)
    status, _ = send(connection, "Close-Session", {"BITS-Session-Id": session})
    assert status == 200, status
    connection.request("GET", PLACE.path)
    reply = connection.getresponse()
    SAW["same"] = reply.status == 200 and reply.read() == DATA
    print(json.dumps(SAW))


main()
