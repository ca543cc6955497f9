/**
 * For browser tests of the site: a static server that serves a folder below a sub-path, a Chromium
 * that keeps its security on, and a page that remembers what went wrong on it.
 */
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, type Page, chromium as playwright } from "playwright-core";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
  bin: "application/octet-stream",
};

/** Serves `folder` below `/some/where/`. */
export async function serveBelow(
  folder: string,
): Promise<{ url: string; bytes: Map<string, number>; close: () => Promise<void> }> {
  const bytes = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname);
    const file = path.startsWith("/some/where/")
      ? join(folder, path.slice("/some/where/".length))
      : null;
    try {
      const found = file && statSync(file).isDirectory() ? join(file, "index.html") : file;
      const body = readFileSync(found ?? "");
      bytes.set(path, body.length);
      response.setHeader("content-type", TYPES[found!.split(".").at(-1)!] ?? "text/plain");
      response.end(body);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/some/where/`,
    bytes,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Times that a browser may die at its start: this one does by SIGSEGV, once in some launches. */
const LAUNCHES = 6;

/**
 * The package's own arguments without those that would switch protections off, and `more`. Chromium
 * takes `--host-resolver-rules` where names have to lead somewhere.
 */
export async function launch(more: readonly string[] = [], left = LAUNCHES): Promise<Browser> {
  const unsafe = [
    "--single-process",
    "--disable-web-security",
    "--no-zygote",
    "--allow-running-insecure-content",
  ];
  const executablePath = await chromium.executablePath();
  try {
    return await playwright.launch({
      args: [...chromium.args.filter((argument) => !unsafe.includes(argument)), ...more],
      executablePath,
      headless: true,
    });
  } catch (error) {
    const crashed = error instanceof Error && error.message.includes("signal=SIGSEGV");
    if (!crashed || left <= 1) throw error;
    return launch(more, left - 1);
  }
}

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  readonly script?: boolean;
}

/** A page that gathers errors, dialogs and requests that leave `origin`. */
export async function openPage(
  browser: Browser,
  origin: string,
  look: Look,
): Promise<{ page: Page; wrong: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.dark ? "dark" : "light",
    javaScriptEnabled: look.script !== false,
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`page error: ${error.message}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith("blob:")) wrong.push(`request: ${url}`);
  });
  return { page, wrong };
}
