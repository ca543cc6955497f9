# What mitmdump does in the benchmark: pass bodies on as they come, and keep them (a JSON line for
# each exchange with its headers and bodies). Run by test/bench/contenders.ts.
import base64
import json
import os

out = open(os.environ["BENCH_CAPTURE"], "ab", buffering=0)


def tee(chunks):
    def pass_on(data):
        chunks.append(data)
        return data

    return pass_on


def requestheaders(flow):
    flow.metadata["sent"] = []
    flow.request.stream = tee(flow.metadata["sent"])


def responseheaders(flow):
    flow.metadata["got"] = []
    flow.response.stream = tee(flow.metadata["got"])


def response(flow):
    line = {
        "url": flow.request.path,
        "request": [flow.request.headers.fields, b"".join(flow.metadata["sent"])],
        "response": [flow.response.headers.fields, b"".join(flow.metadata["got"])],
    }
    out.write(json.dumps(line, default=as_text).encode() + b"\n")


def as_text(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
