"""A session of a head node from its start to its end, on one connection, as a SOA client of `requests` holds it:
requests are sent in chunks, and the next URL is built from the BrokerNode of the session.

python3 hpc_session.py URL [--ca FILE] [--user NAME --password WORD]
"""
import argparse
import json
import sys
import time
import uuid
import xml.etree.ElementTree as ET

import requests

SESSION = "http://hpc.microsoft.com/"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
HPC = "http://www.microsoft.com/hpc"

arguments = argparse.ArgumentParser()
arguments.add_argument("url")
arguments.add_argument("--ca")
arguments.add_argument("--user")
arguments.add_argument("--password")
options = arguments.parse_args()

client = requests.Session()
client.headers["api-version"] = "2011-11-01"
client.verify = options.ca or True
if options.user:
    client.auth = (options.user, options.password)


def send(method, url, status, **more):
    reply = client.request(method, url, timeout=30, **more)
    if reply.status_code != status:
        sys.exit(f"{method} {url}: {reply.status_code} instead of {status}: {reply.text}")
    return reply


def empty_post(url, status, **more):
    reply = send("POST", url, status, **more)
    assert reply.request.headers["Content-Length"] == "0"
    return reply


def open_session(service):
    # Members in ordinal order, as the serialiser of the service reads them.
    members = {
        "CanPreempt": "true",
        "MaxMessageSize": "65536",
        "Password": "s3cret!",
        "Runtime": "-1",
        "ServiceName": service,
        "UseSessionPool": "false",
        "Username": "HPC\\someone",
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    body = f'<WebSessionStartInfo xmlns="{SESSION}">{inner}</WebSessionStartInfo>'
    created = send(
        "POST",
        f"{options.url}/WindowsHPC/sessions/Create?durable=False",
        201,
        data=body,
        headers={"Content-Type": "application/xml", "Accept": None},
    )
    info = ET.fromstring(created.content)
    assert info.tag == f"{{{SESSION}}}WebSessionInfo", info.tag
    names = [member.tag.removeprefix(f"{{{SESSION}}}") for member in info]
    assert names == sorted(names) and len(names) == 6, names
    found = dict(zip(names, (member.text for member in info)))
    assert found["IsDurable"] == "false" and "s3cret" not in created.text, created.text
    scheme = options.url.split(":")[0]
    return int(found["Id"]), f"{scheme}://{found['BrokerNode']}/WindowsHPC"


def finished(batch):
    for _ in range(60):
        status = send("GET", f"{batch}/Status", 200, headers={"Accept": "application/json"})
        if json.loads(status.text) == 3:
            return
        time.sleep(0.1)
    sys.exit(f"{batch} does not finish: {status.text}")


def envelope(text, data, message):
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}"><s:Header>'
        '<a:Action s:mustUnderstand="1">http://tempuri.org/IEchoSvc/Echo</a:Action>'
        f"<a:MessageID>urn:uuid:{message}</a:MessageID>"
        f'<HPCServer2008_Broker_UserDataNS xmlns="{HPC}">{data}</HPCServer2008_Broker_UserDataNS>'
        f'</s:Header><s:Body><Echo xmlns="http://tempuri.org/"><input>{text}</input></Echo></s:Body></s:Envelope>'
    )


# SOAP: two uploads in chunks, then the end of the requests.
session, broker = open_session("CcpEchoSvc")
attached = send(
    "GET",
    f"{broker}/session/{session}/Attach?durable=False",
    200,
    headers={"Accept": "application/json"},
).json()
assert attached["Id"] == session and attached["ServiceVersion"] is None, attached
batch = f"{broker}/session/{session}/batch/orders"
sent = {str(uuid.uuid4()): number for number in range(7)}
for half in (list(sent.items())[:4], list(sent.items())[4:]):

    def chunks():
        yield b"<HPCServer2008_WebAPI_MessageArray>"
        for message, number in half:
            text = envelope(f"input {number}", f"data {number}", message).encode()
            yield text[:100]
            yield text[100:]
        yield b"</HPCServer2008_WebAPI_MessageArray>"

    reply = send(
        "POST",
        f"{batch}?genericservice=False&commit=False",
        200,
        data=chunks(),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert reply.request.headers["Transfer-Encoding"] == "chunked" and reply.content == b""
assert empty_post(f"{batch}/Commit", 201).content == b""
finished(batch)
# In two turns, behind the second the marker of the end.
answered, ends = {}, []
for count in ("4", "-1"):
    reply = empty_post(f"{batch}/Response?genericservice=False&count={count}&reset=False", 200)
    root = ET.fromstring(reply.content)
    assert root.tag == "HPCServer2008_WebAPI_MessageArray", root.tag
    for message in root:
        action = message.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}Action")
        body = message.find(f"{{{SOAP}}}Body")
        if action == "http://hpc.microsoft.com/EndOfGetResponse":
            ends.append([part.text for part in body[0]])
            continue
        assert action == "http://tempuri.org/IEchoSvc/EchoResponse", action
        relates = message.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}RelatesTo").removeprefix("urn:uuid:")
        data = message.findtext(f"{{{SOAP}}}Header/{{{HPC}}}HPCServer2008_Broker_UserDataNS")
        answered[relates] = (data, "".join(body.itertext()))
assert ends[-1] == ["3", "Success"], ends
for message, number in sent.items():
    data, output = answered[message]
    assert data == f"data {number}" and f"input {number}" in output, (data, output)
empty_post(f"{batch}/Purge", 200)
empty_post(f"{broker}/session/{session}/Close", 200)

# The generic service: text with delimiters, committed with the last upload.
session, broker = open_session("GenericEchoSvc")
batch = f"{broker}/Session/{session}/batch/generic"
records = "".join(f"input {n}\uffffdata {n}\0" for n in range(3))
send(
    "POST",
    f"{batch}?genericservice=True&commit=True",
    201,
    data=iter([records.encode()]),
    headers={"Content-Type": "application/octet-stream"},
)
finished(batch)
reply = empty_post(f"{batch}/Response?genericservice=True&count=-1&reset=False", 200)
responses = [record.split("\uffff") for record in reply.content.decode().split("\0") if record]
assert responses[-1] == ["http://hpc.microsoft.com/EndOfGetResponse", "3", "Success"], responses
assert sorted(one[1:] for one in responses[:-1]) == [[f"input {n}", f"data {n}"] for n in range(3)], responses
empty_post(f"{broker}/session/{session}/Close", 200)

print("session: ok")
