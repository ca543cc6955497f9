#!/usr/bin/env python3
"""Reads callnumber/1 captures without callnumber: python3 read_capture.py FILE...

Joins every body and checks every digest; prints a line per problem and a summary per file; exit
status 1 where there was a problem. Standard library only (streams: Python 3.14 or the zstd command).
"""
import base64, hashlib, json, re, shutil, subprocess, sys, zlib

def unzstd(data):
    if shutil.which("zstd"):
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    try:
        from compression import zstd
        return zstd.decompress(data)
    except ImportError:
        return None

def proven(data, digest, what):
    if data is not None and hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(f"{what} differs from its sha256")
    return data

def part(line):
    """Number and bytes of a part line; json is cut out of the line, never parsed."""
    payload = re.search(rb'"(json|text|base64|zstd)":', line)
    head, raw = json.loads(line[: payload.start()].rstrip(b", ") + b"}"), line[payload.end() : -1]
    form = payload[1].decode()
    data = raw if form == "json" else json.loads(raw).encode()
    data = base64.b64decode(data) if form in ("base64", "zstd") else data
    data = unzstd(data) if form == "zstd" else data
    return head["n"], proven(data, head["sha256"], f"part {head['n']}")

def flat(refs, lists):
    """Every range and link written out: literals (str), part numbers (int), insertions (dict)."""
    for ref in refs:
        if isinstance(ref, list):
            first, last, separator = (ref + [","])[:3]
            for n in range(first, last + 1):
                yield from [n] if n == first else [separator, n]
        elif isinstance(ref, dict) and "as" in ref:
            yield from lists[ref["as"]][: ref["take"]]
        else:
            yield ref

def piece(ref, parts):
    if isinstance(ref, str):
        return ref.encode()
    if isinstance(ref, int):
        return parts[ref]
    data = parts[ref["part"]]
    for offset, text in reversed(ref["insert"]):
        data = data[:offset] + text.encode() + data[offset:]
    return data

def chunk(line):
    data = json.loads(line)[1]
    return data.encode() if isinstance(data, str) else base64.b64decode(data["base64"])

def body_bytes(x, which, parts, lists):
    body = x[which]["body"]
    if "chunks" in body:
        lines = parts[body["chunks"]]
        return lines and b"".join(chunk(line) for line in lines.split(b"\n") if line)
    refs = list(flat(body["parts"], lists))
    if which == "request":
        lists[x["id"]] = refs
    return b"".join(piece(ref, parts) for ref in refs)

def read(path):
    parts, lists, problems, exchanges, bodies, unread = {}, {}, 0, 0, 0, 0
    for number, line in enumerate(open(path, "rb"), 1):
        try:
            if not line.endswith(b"\n"):
                continue  # torn
            if line.startswith(b'{"type":"part"'):
                n, parts[n] = part(line[:-1])
                continue
            x, checked = json.loads(line), line.rpartition(b',"crc32":')[0]
            if zlib.crc32(checked) != int(x["crc32"], 16):
                raise ValueError("the line differs from its crc32")
            exchanges += x["type"] == "exchange"
            for which in ("request", "response"):
                if (x.get(which) or {}).get("body"):
                    data = body_bytes(x, which, parts, lists)
                    proven(data, x[which]["body"]["sha256"], f"{which} body")
                    bodies, unread = bodies + 1, unread + (data is None)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems += 1
            print(f"{path}:{number}: {type(error).__name__}: {error}")
    print(f"{path}: {exchanges} exchanges, {bodies} bodies, {unread} not decompressed")
    return problems

if __name__ == "__main__":
    sys.exit(1 if sum(map(read, sys.argv[1:])) else 0)
