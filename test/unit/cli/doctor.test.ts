/** `callnumber doctor`: each fault is found, said plainly, and comes with what to do. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeVersion } from "../../../cli/doctor-checks.ts";
import { runCommandLine } from "./command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "callnumber-doctor-"));
after(() => rmSync(folder, { recursive: true }));

interface Finding {
  check: string;
  level: string;
  message: string;
  advice?: string;
}

async function examine(name: string, yaml: string, words: string[] = []) {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, "callnumber.yaml"), yaml);
  const said = await runCommandLine(["doctor", "--json", ...words], cwd, { HOME: cwd });
  const findings = said.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Finding);
  const of = (check: string) => findings.filter((finding) => finding.check.startsWith(check));
  return { ...said, findings, of, cwd };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((done) => server.close(done));
  return port;
}

test("a fresh folder has nothing broken; that no daemon runs is a warning", async () => {
  const port = await freePort();
  const { code, of, findings } = await examine("fresh", `listen: 127.0.0.1:${port}\n`);
  assert.equal(code, 0);
  assert.deepEqual(
    findings.filter(({ level }) => level === "broken"),
    [],
  );
  assert.match(of("captures")[0]?.message ?? "", /made with the first exchange/);
  assert.match(of("daemon")[0]?.advice ?? "", /callnumber up/);
});

test("a wrong configuration is all that is told, with its line", async () => {
  const { code, findings } = await examine("wrong", "lisen: 1\n");
  assert.equal(code, 1);
  assert.equal(findings.length, 1);
  assert.match(findings[0]?.message ?? "", /:1: .*listen/);
});

test("bodies that wait in the spool are told once they are older than they should be", async () => {
  const spool = join(folder, "spooled", ".callnumber", "spool");
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  const path = join(spool, "000000000007.seg");
  writeFileSync(path, "x".repeat(5_000), { mode: 0o600 });
  const look = async () => (await examine("spooled", "listen: 127.0.0.1:1\n")).of("spool")[0];
  assert.equal((await look())?.level, "ok", "it may just be filed");
  utimesSync(path, 0, Date.parse("2026-11-23T10:00:00Z") / 1000);
  const old = await look();
  assert.equal(old?.level, "warning");
  assert.match(old?.message ?? "", /5 KiB of bodies before redaction.*since 2026-11-23T10:00/);
  assert.match(old?.advice ?? "", /start callnumber/);
  writeFileSync(path, "x".repeat(32), { mode: 0o600 });
  assert.equal((await look())?.message, "no body before redaction");
});

test("a state folder that others can read, and what was set aside in it, are found", async () => {
  const state = join(folder, "open", ".callnumber");
  mkdirSync(join(state, "quarantine"), { recursive: true, mode: 0o755 });
  chmodSync(state, 0o755);
  writeFileSync(join(state, "key"), "x".repeat(32), { mode: 0o644 });
  writeFileSync(join(state, "quarantine", "a.seg"), "");
  const { code, of } = await examine("open", `listen: 127.0.0.1:${await freePort()}\n`);
  assert.equal(code, 1);
  assert.deepEqual(
    of("state").map(({ level, advice }) => [level, advice?.replace(state, "S")]),
    [
      ["warning", "chmod go= S"],
      ["broken", "chmod go= S/key"],
      [
        "warning",
        "callnumber retry; please report what stays, without the files: they hold what was said",
      ],
    ],
  );
});

test("a daemon that is degraded, and a port that is somebody else's, are broken", async () => {
  const health = { status: "degraded", reasons: ["recording fails: ENOSPC"] };
  for (const [body, said] of [
    [JSON.stringify(health), /^recording fails: ENOSPC$/],
    ["<html>", /^something else listens there$/],
  ] as const) {
    const server = createHttp((_req, res) => res.writeHead(503).end(body));
    const port = await listening(server);
    const { code, of } = await examine("running", `listen: 127.0.0.1:${port}\n`);
    server.close();
    assert.equal(code, 1);
    assert.match(of("daemon")[0]?.message ?? "", said);
  }
});

test("captures from the day after tomorrow give a clock away that is behind", async () => {
  const day = join(folder, "clock/captures/10-19 A/11 B/11.11 C");
  mkdirSync(day, { recursive: true });
  writeFileSync(join(day, "2999-01-01.jsonl"), "");
  const { of } = await examine("clock", `listen: 127.0.0.1:${await freePort()}\n`);
  assert.equal(of("clock")[0]?.level, "warning");
  assert.match(of("clock")[0]?.message ?? "", /captures of 2999-01-01/);
});

test("upstreams are asked only with --network, and get not a byte", async () => {
  let bytes = 0;
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
  });
  const port = await listening(server);
  const gone = await freePort();
  const yaml = `listen: 127.0.0.1:${gone}
upstreams: { up: "http://127.0.0.1:${port}", gone: "http://127.0.0.1:${gone}", tls: "https://127.0.0.1:${port}" }
`;
  await examine("net", yaml);
  assert.equal(connections, 0);
  const plain = yaml.replace(/, tls:.*}/, " }");
  const { code, of } = await examine("net", plain, ["--network"]);
  server.close();
  assert.deepEqual([connections, bytes], [1, 0]);
  assert.equal(of("upstream up")[0]?.level, "ok");
  assert.match(of("upstream gone")[0]?.message ?? "", /ECONNREFUSED/);
  assert.equal(code, 1);
});

test("a Node that is too old is named", () => {
  for (const version of ["20.19.0", "22.21.9"]) assert.equal(nodeVersion(version).level, "broken");
  for (const version of ["22.22.0", "24.1.0", "26.0.0"])
    assert.equal(nodeVersion(version).level, "ok");
});

test("captures that were scanned with other rules, or never, are to be scanned", async () => {
  const file = join(folder, "scanned/captures/10-19 A/11 B/11.11 C/2026-11-20.jsonl");
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, '{"type":"file","format":"callnumber/1","day":"2026-11-20","created":""}\n');
  mkdirSync(join(folder, "scanned/.callnumber"), { mode: 0o700 });
  const look = async () => (await examine("scanned", "listen: 127.0.0.1:1\n")).of("scan")[0];
  const before = await look();
  assert.equal(before?.level, "warning");
  assert.match(before?.advice ?? "", /scan --fix/);
  const { cwd } = await examine("scanned", "listen: 127.0.0.1:1\n");
  assert.equal((await runCommandLine(["scan"], cwd, { HOME: cwd })).code, 0);
  assert.equal((await look())?.level, "ok");
  writeFileSync(join(cwd, ".callnumber/scanned.json"), '{"rules":"0123456789abcdef"}');
  assert.match((await look())?.message ?? "", /newer than the last scan/);
});
