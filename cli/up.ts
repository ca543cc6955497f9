/** `callnumber up`: the daemon, the site kept built, and a preview of it, from one command. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { Config } from "../daemon/config/types.ts";
import { CodedError } from "../record/errors.ts";
import type { Preview } from "../site/preview.ts";
import type { Command, Io, Options } from "./command.ts";
import { daemonConfigOf } from "./config-of.ts";
import { bringSamples } from "./own-captures.ts";
import { lanAddress, phoneLines } from "./phone.ts";
import { runDaemon } from "./run-daemon.ts";
import { heldLines } from "./site.ts";
import { siteOptionsOf } from "./site-options.ts";

export const up: Command = {
  name: "up",
  summary: "run the daemon and the site together (what `npm start` runs)",
  options: [
    { flags: "--no-site", summary: "the daemon alone, as `serve`" },
    {
      flags: "--lan [address]",
      summary: "the site also for your own network, say a phone: with a token and a QR code",
    },
    { flags: "--quiet", summary: "no line per exchange, only warnings and errors" },
  ],
  examples: ["callnumber up", "callnumber up --lan", "callnumber up --config callnumber.yaml"],
  run: async (_args, options, io) => {
    const config = await daemonConfigOf(options, io);
    bringSamples(config, io);
    const { daemon, ended } = await runDaemon(config, options, io);
    const site = options.site === false ? null : await openSite(config, options, io);
    for (const line of welcome(daemon.urls[0] ?? "", site?.url ?? null, config)) {
      io.stdout.write(`${line}\n`);
    }
    for (const line of site?.phone ?? []) io.stdout.write(`${line}\n`);
    await ended;
    await site?.close();
    return 0;
  },
};

/** The preview and the builder behind it; null, with a word why, where there can be no site. */
async function openSite(config: Config, options: Options, io: Io) {
  const [{ startPreview }, { watchSite }] = await Promise.all([
    import("../site/preview.ts"),
    import("../site/watch.ts"),
  ]);
  const { out, listen } = config.site;
  try {
    if (!hasAstro()) throw new CodedError("astro-missing", "the package astro is not installed");
    const { hosts, token } = config;
    const preview = await startPreview({ folder: out, ...listen, hosts, token });
    const lan = await openToLan(options.lan, io, (host, once) =>
      startPreview({ folder: out, host, port: listen.port, hosts, token: token ?? once }),
    );
    const watching = watchSite(
      { ...siteOptionsOf(config), live: true },
      {
        signal: io.signal,
        onReport: (report) => {
          if (report.pages === 0) return;
          io.stderr.write(`site: ${report.pages} pages built\n`);
          for (const line of heldLines(report)) io.stderr.write(`site: ${line}\n`);
        },
        onError: (error) => io.stderr.write(`site: not built: ${explained(error)}\n`),
      },
    );
    return {
      url: preview.url,
      phone: lan === null ? [] : await phoneLines(lan.url, io.stdout),
      close: async () => {
        await Promise.all([preview.close(), lan?.close()]);
        await watching;
      },
    };
  } catch (error) {
    io.stderr.write(`site: ${explained(error)}\n`);
    return null;
  }
}

/** A second preview on the address that the network knows; a token of this run where none is set. */
async function openToLan(
  wanted: Options[string],
  io: Io,
  start: (host: string, once: string) => Promise<Preview>,
): Promise<Preview | null> {
  if (wanted === undefined || wanted === false) return null;
  const host = typeof wanted === "string" ? wanted : lanAddress();
  try {
    if (host !== null) return await start(host, randomBytes(12).toString("base64url"));
    io.stderr.write("site: no address in a network found: say `--lan ADDRESS`\n");
  } catch (error) {
    // This machine still has its own.
    io.stderr.write(`site: not for the network: ${explained(error)}\n`);
  }
  return null;
}

/** Asked before anything is served: a page that can never come needs no address. */
function hasAstro(): boolean {
  try {
    return createRequire(import.meta.url).resolve("astro/package.json") !== "";
  } catch {
    return false;
  }
}

function explained(error: unknown): string {
  if (error instanceof CodedError) return `${error.message}\n  ${error.code}: ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

/** How the program is called where it was started from: a checkout, or an installed package. */
const callnumber = import.meta.url.endsWith(".ts") ? "npm run callnumber --" : "callnumber";

/** What a newcomer needs to know, and the line to paste. */
function welcome(base: string, site: string | null, config: Config): string[] {
  const root = base.replace(/\/$/, "");
  const lines = [
    "",
    `  proxy     ${root}/<upstream>/…   (openrouter, openai, anthropic, google, ollama, …)`,
    `  site      ${site ?? "not served"}`,
    `  captures  ${config.captures}`,
    "",
    "  Point a client at it, for example:",
    "",
    `    export OPENAI_BASE_URL=${root}/openai/v1`,
    `    export ANTHROPIC_BASE_URL=${root}/anthropic`,
    "",
    "  No key at hand? This needs none and no network:",
    "",
    `    curl ${root}/playback/v1/chat/completions -H 'content-type: application/json' \\`,
    `      -d '{"model":"demo","stream":true,"messages":[{"role":"user","content":"Hello"}]}'`,
    "",
    `  \`${callnumber} connect\` has the recipe for your tool. Ctrl-C ends all.`,
    "",
  ];
  if (!existsSync(config.captures))
    lines.splice(5, 0, "            (made with the first exchange)");
  return lines;
}
