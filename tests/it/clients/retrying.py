"""What `requests` and its retries (urllib3) make of a server that breaks.

    python3 retrying.py plain URL N     asks 2 N times: each odd one is to break; prints exception and reason of each
    python3 retrying.py retry URL N     asks once, with at most N retries; prints status, retries and seconds
"""

import http.client
import json
import socket
import sys
import time

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

MODE, URL, NUMBER = sys.argv[1], sys.argv[2], int(sys.argv[3])
NAMED = (
    http.client.RemoteDisconnected,
    http.client.BadStatusLine,
    ConnectionResetError,
    urllib3.exceptions.IncompleteRead,
    http.client.IncompleteRead,
    urllib3.exceptions.ReadTimeoutError,
)


def reasons(error):
    """The error and all that it is about, outermost first."""
    seen, todo = [], [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return seen


def reason(error):
    for kind in NAMED:
        if any(isinstance(one, kind) for one in reasons(error)):
            return kind.__name__
    return repr(error)


def plain():
    saw = []
    for _ in range(NUMBER):
        try:
            reply = requests.get(URL, timeout=1, proxies={"http": None})
            saw.append(["no error", reply.status_code])
        except requests.RequestException as error:
            saw.append([type(error).__name__, reason(error)])
        assert requests.get(URL, timeout=5, proxies={"http": None}).status_code == 200
    print(json.dumps(saw))


def retry():
    policy = Retry(total=NUMBER, backoff_factor=0, status_forcelist=[503], allowed_methods=["GET"])
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(max_retries=policy))
    begun = time.monotonic()
    reply = session.get(URL, timeout=1)
    print(json.dumps({
        "status": reply.status_code,
        "retries": len(reply.raw.retries.history),
        "seconds": time.monotonic() - begun,
    }))


socket.setdefaulttimeout(20)
{"plain": plain, "retry": retry}[MODE]()
