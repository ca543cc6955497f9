/** `callnumber site build | watch | export`: the static site over the captures. */
import { resolve } from "node:path";
import type { Progress, Report, SiteOptions } from "../site/build.ts";
import type { Command, Io, Options } from "./command.ts";
import { configOf } from "./config-of.ts";
import { inLine } from "./printable.ts";
import { progressOn } from "./safe-output.ts";
import { siteOptionsOf } from "./site-options.ts";

const build: Command = {
  name: "build",
  summary: "build the pages whose captures changed since the last build",
  options: [
    { flags: "--all", summary: "build every page anew" },
    {
      flags: "--out <folder>",
      summary: "published folder (default: site.out of the configuration)",
    },
    { flags: "--json", summary: "the report as JSON" },
    { flags: "--strict", summary: "exit 1 where a conversation was held back" },
  ],
  examples: ["callnumber site build", "callnumber site build --all --out public"],
  run: async (_args, options, io) => {
    const { buildSite } = await import("../site/build.ts");
    const report = await buildSite({
      ...(await siteOptions(options, io)),
      all: options.all === true,
      onProgress: progressTo(io),
    });
    io.stdout.write(options.json ? `${JSON.stringify(report)}\n` : summaryOf(report));
    for (const line of [...report.damage, ...heldLines(report)])
      io.stderr.write(`${inLine(line)}\n`);
    return options.strict === true && report.held.length > 0 ? 1 : 0;
  },
};

const watch: Command = {
  name: "watch",
  summary: "build, then build again whenever captures change, until ctrl-C",
  options: [{ flags: "--out <folder>", summary: "published folder" }],
  run: async (_args, options, io) => {
    const { watchSite } = await import("../site/watch.ts");
    await watchSite(await siteOptions(options, io), {
      signal: io.signal,
      onReport: (report) => {
        if (report.pages === 0) return;
        io.stdout.write(summaryOf(report));
        for (const line of heldLines(report)) io.stderr.write(`${line}\n`);
      },
      onError: (error) => io.stderr.write(`${error.message}\n`),
    });
    return 0;
  },
};

const single: Command = {
  name: "export",
  summary: "write one conversation as a single file that opens from disk",
  arguments: [
    { name: "id", summary: "conversation, or the beginning of an exchange's id", required: true },
  ],
  options: [
    { flags: "--single", summary: "one HTML file with everything in it (the only form there is)" },
    { flags: "-o, --output <file>", summary: "where to (default: <conversation>.html)" },
    {
      flags: "--language <tag>",
      summary: "default: the first of the site",
      choices: ["en", "zh-Hant"],
    },
  ],
  examples: ["callnumber site export --single 4f1d2c3b5a697887 -o story.html"],
  run: async (args, options, io) => {
    const { exportSingle } = await import("../site/export-single.ts");
    const language = typeof options.language === "string" ? options.language : undefined;
    const { file, bytes } = await exportSingle(await siteOptions(options, io), {
      id: args[0] ?? "",
      file: typeof options.output === "string" ? resolve(io.cwd, options.output) : undefined,
      folder: io.cwd,
      language,
    });
    io.stdout.write(`${file} (${bytes} bytes)\n`);
    return 0;
  },
};

export const site: Command = {
  name: "site",
  summary: "the static site over the captures",
  subcommands: [build, watch, single],
};

async function siteOptions(options: Options, io: Io): Promise<SiteOptions> {
  const config = await configOf(options, io);
  return {
    ...siteOptionsOf(config),
    ...(typeof options.out === "string" && { out: resolve(io.cwd, options.out) }),
  };
}

function progressTo(io: Io): (progress: Progress) => void {
  const progress = progressOn(io.stderr);
  return ({ step, done, of }) => {
    const unit = step === "reading" ? "days" : "pages";
    progress(`${step} ${done}${of ? ` of ${of}` : ""} ${unit}${done === of ? "\n" : ""}`);
  };
}

/** What is not published, and what to do about it. */
export function heldLines({ held }: Report): string[] {
  if (held.length === 0) return [];
  const advice =
    "revoke what is real and run `callnumber scan --fix`; " +
    'say of what is not: `callnumber scan --allow FINGERPRINT --reason "…"`';
  return [...held, advice];
}

function summaryOf(report: Report): string {
  const seconds = (report.elapsed_ms / 1000).toFixed(1);
  return `${report.pages} pages from ${report.dirtyDays} changed of ${report.days} days in ${seconds} s\n`;
}
