import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { startPreview } from "../../../site/preview.ts";

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** `path` goes onto the wire as it is, unlike what fetch makes of it. */
function get(url: string, path: string, headers = {}, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        const body = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    })
      .on("error", reject)
      .end();
  });
}

async function preview(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "callnumber-preview-"));
  const folder = join(root, "site");
  const { url, close } = await startPreview({
    folder,
    host: "127.0.0.1",
    port: 0,
    hosts: [],
    token: null,
  });
  t.after(async () => {
    await close();
    rmSync(root, { recursive: true, force: true });
  });
  return { root, folder, url };
}

test("until the first build the front page says so and looks again", async (t) => {
  const { url } = await preview(t);
  const { status, body } = await get(url, "/");
  assert.equal(status, 503);
  assert.match(body.toString(), /http-equiv="refresh"/);
  assert.equal((await get(url, "/models/")).status, 404);
});

test("pages, folders, compression and revalidation", async (t) => {
  const { url, folder } = await preview(t);
  mkdirSync(join(folder, "11.11"), { recursive: true });
  const page = `<!doctype html>${"words ".repeat(500)}`;
  writeFileSync(join(folder, "11.11", "index.html"), page);
  const moved = await get(url, "/11.11");
  assert.deepEqual([moved.status, moved.headers.location], [308, "./11.11/"]);
  const zipped = await get(url, "/11.11/", { "accept-encoding": "gzip" });
  assert.equal(zipped.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(zipped.body).toString(), page);
  const plain = await get(url, "/11.11/");
  assert.equal(plain.body.toString(), page);
  const again = await get(url, "/11.11/", { "if-none-match": plain.headers.etag });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
  assert.equal((await get(url, "/11.11/", {}, "HEAD")).body.length, 0);
  assert.equal((await get(url, "/11.11/", {}, "POST")).status, 405);
});

test("nothing outside the folder is served: dots, encodings, links, foreign hosts", async (t) => {
  const { url, root, folder } = await preview(t);
  mkdirSync(folder);
  writeFileSync(join(root, "secret.txt"), "secret");
  writeFileSync(join(folder, ".hidden"), "secret");
  symlinkSync(join(root, "secret.txt"), join(folder, "link.txt"));
  symlinkSync(root, join(folder, "up"));
  for (const path of [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..\\secret.txt",
    "/.hidden",
    "/link.txt",
    "/up/secret.txt",
    "/%00",
    "/%",
    "//etc/passwd",
  ]) {
    const { status, body } = await get(url, path);
    assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    assert.doesNotMatch(body.toString(), /secret/, path);
  }
  assert.equal((await get(url, "/", { host: "evil.example" })).status, 421);
});

test("beyond loopback the site is below its token, and nothing else answers", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-preview-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "index.html"), "front");
  mkdirSync(join(folder, "models"));
  writeFileSync(join(folder, "models", "index.html"), "models");
  const options = { folder, host: "0.0.0.0", port: 0, hosts: [] };
  for (const token of [null, ""]) {
    await assert.rejects(startPreview({ ...options, token }), { code: "token-required" });
  }
  const { url, close } = await startPreview({ ...options, token: "s3cret" });
  t.after(close);
  const at = (path: string) => get(url.replace("0.0.0.0", "127.0.0.1"), path);
  assert.match(url, /:\d+\/~s3cret\/$/);
  for (const path of ["/", "/models/", "/~/", "/~s3cre/", "/~s3cretx/", "/~S3CRET/models/"]) {
    assert.equal((await at(path)).status, 401, path);
  }
  assert.equal((await at("/~s3cret/")).body.toString(), "front");
  assert.equal((await at("/~s3cret/models/?q=1")).body.toString(), "models");
  assert.equal((await at("/~s3cret/models")).headers.location, "./models/");
  assert.deepEqual((await at("/~s3cret")).headers.location, "./~s3cret/");
  assert.equal((await at("/~s3cret/../index.html")).status, 400);
});

test("on loopback no token is asked for, though one is configured", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "callnumber-preview-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "index.html"), "front");
  const options = { folder, host: "127.0.0.1", port: 0, hosts: [], token: "s3cret" };
  const { url, close } = await startPreview(options);
  t.after(close);
  assert.equal((await get(url, "/")).body.toString(), "front");
});
