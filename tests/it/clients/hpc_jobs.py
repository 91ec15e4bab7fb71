"""Jobs of a head node, run as scripts with `requests` run them: one connection per request, credentials sent
at once, success compared with exactly 200, the first two members of a property read by their position.

python3 hpc_jobs.py URL [--ca FILE] [--user NAME --password WORD] [--cluster]
"""
import argparse
import sys
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import requests
from requests.auth import HTTPBasicAuth

COMMON = "http://schemas.microsoft.com/HPCS2008R2/common"
SER = "http://schemas.microsoft.com/2003/10/Serialization/"

arguments = argparse.ArgumentParser()
arguments.add_argument("url")
arguments.add_argument("--ca")
arguments.add_argument("--user")
arguments.add_argument("--password")
arguments.add_argument("--cluster", action="store_true")
options = arguments.parse_args()

base = options.url + "/WindowsHPC"
auth = HTTPBasicAuth(options.user, options.password) if options.user else None


def send(method, path, status=200, **more):
    headers = {"api-version": "2012-11-01.4.0", "Content-Type": "application/xml"}
    headers.update(more.pop("headers", {}))
    reply = requests.request(
        method, base + path, headers=headers, auth=auth, verify=options.ca or True, timeout=30, **more
    )
    if reply.status_code != status:
        sys.exit(f"{method} {path}: {reply.status_code} instead of {status}: {reply.text}")
    return reply


def scalar(reply, kind):
    root = ET.fromstring(reply.text)
    assert root.tag == f"{{{SER}}}{kind}", root.tag
    return root.text


def bag(**properties):
    inner = "".join(
        f"<Property><Name>{escape(name)}</Name><Value>{escape(value)}</Value></Property>"
        for name, value in properties.items()
    )
    return f'<ArrayOfProperty xmlns="{COMMON}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inner}</ArrayOfProperty>'


def pairs(element):
    found = {}
    for one in element:
        assert one.tag == f"{{{COMMON}}}Property", one.tag
        assert [member.tag for member in one] == [f"{{{COMMON}}}Name", f"{{{COMMON}}}Value"]
        found[one[0].text] = one[1].text
    return found


def properties(path):
    root = ET.fromstring(send("GET", path).text)
    assert root.tag == f"{{{COMMON}}}ArrayOfProperty", root.tag
    return pairs(root)


def rows(reply):
    root = ET.fromstring(reply.text)
    assert root.tag == f"{{{COMMON}}}ArrayOfObject", root.tag
    return [pairs(row[0]) for row in root]


def wait(job, *states):
    for _ in range(30):
        state = properties(f"/Job/{job}?Properties=Id,State")["State"]
        if state in states:
            return state
        time.sleep(0.2)
    sys.exit(f"job {job} is {state}, not {states}")


def new_job(**named):
    return scalar(send("POST", "/Jobs", data=bag(**named)), "int")


if options.cluster:
    # The form before 2016: the name of the cluster is read before anything else.
    [cluster] = rows(send("GET", "/Clusters", headers={"api-version": "2011-11-01"}))
    base += "/" + cluster["Name"]

# Create, fill, submit, poll, read the output.
job = new_job(Name="über & <hello>", MinNodes="1", MaxNodes="1", UnitType="2", Priority="Normal")
send("POST", f"/Job/{job}/EnvVariables", data=bag(GREETING="hello world").encode())
task = scalar(send("POST", f"/Job/{job}/Tasks", data=bag(Commandline="echo %GREETING% && echo more", Name="first")), "int")
sweep = scalar(
    send(
        "POST",
        f"/Job/{job}/Tasks",
        data=bag(CommandLine="echo part *", Type="ParametricSweep", StartValue="1", EndValue="3", IncrementValue="1"),
    ),
    "int",
)
# Run-as credentials travel with the submission.
submission = bag(UserName="HPC\\someone", Password="s3cret!").encode("utf-8-sig")
done = send("POST", f"/Job/{job}/Submit", data=submission, headers={"Content-Type": "text/xml"})
assert done.content == b"", done.content
assert wait(job, "Finished", "Failed") == "Finished"
output = properties(f"/Job/{job}/Task/{task}?properties=Output,ExitCode,State")
assert "hello world" in output["Output"], output
assert output["ExitCode"] == "0" and output["State"] == "Finished", output
for number in range(1, 4):
    part = properties(f"/Job/{job}/Task/{sweep}/SubTask/{number}?Properties=Output")
    assert f"part {number}" in part["Output"], part
everything = properties(f"/Job/{job}")
assert everything["Name"] == "über & <hello>" and everything["UserName"] == "HPC\\someone", everything
assert "Password" not in everything and "s3cret" not in str(everything)
if options.user:
    assert everything["Owner"] == options.user, everything["Owner"]
expanded = rows(send("GET", f"/Job/{job}/Tasks?ExpandParametric=true&RowsPerRead=100"))
assert len(expanded) == 4, expanded

# A job file goes out and comes in, raw and wrapped.
file = send("GET", f"/Job/{job}?Render=HpcJobXml").text
for body, kind in [
    (file.encode("utf-8-sig"), "text/xml"),
    (f'<string xmlns="{SER}">{escape(file)}</string>'.encode(), "application/xml; charset=utf-8"),
]:
    clone = scalar(send("POST", "/Jobs/JobFile", data=body, headers={"Content-Type": kind}), "int")
    assert clone != job
    assert properties(f"/Job/{clone}")["Name"] == "über & <hello>"
    send("POST", f"/Job/{clone}/Cancel?Forced=true")

# What does not end is cancelled, what does not exist fails.
job = new_job(Name="endless")
send("POST", f"/Job/{job}/Tasks", data=bag(CommandLine="ping -t localhost"))
send("POST", f"/Job/{job}/Submit", data=bag())
wait(job, "Running")
send("POST", f"/Job/{job}/Cancel?Forced=False", data=f'<string xmlns="{SER}">no longer needed</string>')
wait(job, "Canceled")
assert "no longer needed" in properties(f"/Job/{job}?Properties=ErrorMessage")["ErrorMessage"]
again = requests.post(f"{base}/Job/{job}/Cancel", auth=auth, verify=options.ca or True, timeout=30)
assert again.status_code >= 400
assert scalar(again, "string") == "Jobs in the Canceled state cannot be canceled.", again.text
job = new_job(Name="impossible")
send("POST", f"/Job/{job}/Tasks", data=bag(CommandLine="no-such-program --at all"))
send("POST", f"/Job/{job}/Submit", data=bag())
wait(job, "Failed")

# Twenty-five jobs, page by page.
made = [new_job(Name=f"page {number:02}") for number in range(25)]
seen, pages, query = [], 0, "?Properties=Id,Name&SortJobsBy=Id"
while True:
    reply = send("GET", "/Jobs" + query)
    found = rows(reply)
    assert 1 <= len(found) <= 10, len(found)
    seen += [row["Id"] for row in found]
    pages += 1
    following = reply.headers.get("x-ms-continuation-QueryId")
    if not following:
        break
    query = f"?Properties=Id,Name&SortJobsBy=Id&QueryId={following}"
assert pages >= 3 and set(made) <= set(seen) and len(seen) == len(set(seen)), (pages, seen)
for job in made:
    send("POST", f"/Job/{job}/Cancel", data="")
for job in made:
    wait(job, "Canceled")
canceled = rows(
    send("GET", "/Jobs?Render=RestPropRender&$filter=JobState eq Canceled&RowsPerRead=100&Properties=Id,State")
)
assert set(made) <= {row["Id"] for row in canceled}, canceled
assert {row["State"] for row in canceled} == {"Canceled"}, canceled

# The cluster itself.
assert scalar(send("GET", "/Version"), "string").count(".") == 3
nodes = rows(send("GET", "/Nodes?Properties=Name,State&RowsPerRead=100"))
groups = rows(send("GET", "/NodeGroups"))
assert nodes and list(groups[0]) == ["Name", "Description"], groups
members = ET.fromstring(send("GET", f"/NodeGroup/{groups[0]['Name']}").text)
assert [member.text for member in members], "a group without members"
assert properties(f"/Node/{nodes[0]['Name']}")["Name"] == nodes[0]["Name"]

print("jobs: ok")
