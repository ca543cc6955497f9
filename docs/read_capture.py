#!/usr/bin/env python3
"""Reads callnumber/1 capture files without callnumber: python3 read_capture.py FILE...

Joins every body, checks every digest, prints a line per problem and a summary per file; exit
status 1 where there was a problem. Only the standard library; compressed streams need Python 3.14
or the `zstd` command. Written from docs/format.md alone, as an example for readers elsewhere.
"""
import base64, hashlib, json, re, shutil, subprocess, sys, zlib

PAYLOAD = re.compile(rb'"(json|text|base64|zstd)":')


def unzstd(data):
    try:
        from compression import zstd  # Python 3.14
        return zstd.decompress(data)
    except ImportError:
        if not shutil.which("zstd"):
            return None
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout


def read_part(line):
    """The number and the bytes of a part line; None for bytes that cannot be decompressed here."""
    found = PAYLOAD.search(line)
    head = json.loads(line[: found.start()].rstrip(b", ") + b"}")
    raw, form = line[found.end() : -1], found.group(1)
    data = raw if form == b"json" else json.loads(raw)
    if form == b"text":
        data = data.encode()
    elif form in (b"base64", b"zstd"):
        data = base64.b64decode(data)
    if form == b"zstd":
        data = unzstd(data)
    if data is not None and hashlib.sha256(data).hexdigest() != head["sha256"]:
        raise ValueError(f"part {head['n']} differs from its sha256")
    return head["n"], data


def flat(refs, lists):
    """The flat list: literals (str), part numbers (int), insertions (dict)."""
    atoms = []
    for ref in refs:
        if isinstance(ref, list):
            first, last, separator = (ref + [","])[:3]
            for n in range(first, last + 1):
                atoms += [n] if n == first else [separator, n]
        elif isinstance(ref, dict) and "as" in ref:
            atoms += lists[ref["as"]][: ref["take"]]
        else:
            atoms.append(ref)
    return atoms


def join(atoms, parts):
    body = b""
    for atom in atoms:
        if isinstance(atom, str):
            body += atom.encode()
        elif isinstance(atom, int):
            body += parts[atom]
        else:
            stored, start = parts[atom["part"]], 0
            for offset, text in atom["insert"]:
                body += stored[start:offset] + text.encode()
                start = offset
            body += stored[start:]
    return body


def chunk_bytes(line):
    data = json.loads(line)[1]
    return data.encode() if isinstance(data, str) else base64.b64decode(data["base64"])


def exchange_bodies(x, parts, lists):
    """(which, body object, bytes) of each body; bytes are None where a part could not be read."""
    for which in ("request", "response"):
        body = (x.get(which) or {}).get("body")
        if not body:
            continue
        if "chunks" in body:
            lines = parts[body["chunks"]]
            data = lines and b"".join(chunk_bytes(line) for line in lines.split(b"\n") if line)
        else:
            atoms = flat(body["parts"], lists)
            if which == "request":
                lists[x["id"]] = atoms
            data = join(atoms, parts)
        yield which, body, data


def read(path):
    parts, lists, problems, exchanges, bodies, unread = {}, {}, [], 0, 0, 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                continue  # a torn last line
            try:
                record = line[:-1]
                if record.startswith(b'{"type":"part"'):
                    n, data = read_part(record)
                    parts[n] = data
                    continue
                check = re.search(rb',"crc32":"([0-9a-f]{8})"}$', record)
                if not check or int(check[1], 16) != zlib.crc32(record[: check.start()]):
                    raise ValueError("the line differs from its crc32")
                x = json.loads(record)
                if x["type"] != "exchange":
                    continue
                exchanges += 1
                for which, body, data in exchange_bodies(x, parts, lists):
                    bodies += 1
                    if data is None:
                        unread += 1
                    elif len(data) != body["bytes"] or hashlib.sha256(data).hexdigest() != body["sha256"]:
                        raise ValueError(f"{which} body differs from its sha256")
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                problems.append(f"{path}:{number}: {type(error).__name__}: {error}")
    return problems, f"{path}: {exchanges} exchanges, {bodies} bodies, {unread} not decompressed"


if __name__ == "__main__":
    failed = False
    for path in sys.argv[1:]:
        problems, summary = read(path)
        failed = failed or bool(problems)
        print("\n".join([*problems, summary]))
    sys.exit(1 if failed else 0)
