/**
 * Starts callnumber on a Node that can run it. Plain JavaScript on purpose: it must parse on any
 * Node from 14 on, because its whole reason is the machine whose Node is too old.
 *
 * With Node >= 24 it imports main.ts in this very process. With an older one it fetches Node 24
 * from npm once, without admin rights, into the user's cache folder, and hands over to it. The
 * platform's own package is taken instead of `node`, because that one needs an install script and
 * npm may block those. Never writes into the checkout; never changes the user's own Node.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const WANTED_MAJOR = 24;
const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
const checkout = dirname(dirname(main));

/** Name of the npm package that carries Node for this platform, and where its binary lies in it. */
function platformPackage() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const prefix = platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  const binary = platform === "win" ? "bin/node.exe" : "bin/node";
  return { name: [prefix, platform, process.arch].join("-"), binary };
}

/** A fetch that has not ended after this says what it waits for, and says so again. */
const SILENT_MS = 5000;
const AGAIN_MS = 30_000;

/** The host that packages come from; without what may stand before it, which can be a password. */
function registryHost() {
  try {
    return new URL(process.env.npm_config_registry || "https://registry.npmjs.org/").host;
  } catch {
    return "the npm registry";
  }
}

/** Resolves to the exit code of a command; -1 where it could not be run. */
function ended(command, args, options, what) {
  return new Promise((resolve) => {
    const began = Date.now();
    const say = () => {
      const seconds = Math.round((Date.now() - began) / 1000);
      process.stderr.write(
        `callnumber: for ${seconds} s waiting for ${registryHost()} to send ${what}. Offline, or behind a ` +
          `proxy that npm does not know? Then stop this and install Node ${WANTED_MAJOR} yourself.\n`,
      );
      timer = setTimeout(say, AGAIN_MS);
    };
    let timer = setTimeout(say, SILENT_MS);
    const end = (code) => {
      clearTimeout(timer);
      resolve(code);
    };
    const child = spawn(command, args, options);
    child.on("error", () => end(-1));
    child.on("exit", (code) => end(code === null ? -1 : code));
  });
}

/** Path of a Node 24 from the cache folder, fetched first where it is not there yet. */
async function cachedNode() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const home = join(cache, "callnumber", `node-${WANTED_MAJOR}`);
  const { name, binary } = platformPackage();
  const node = join(home, "node_modules", name, binary);
  if (existsSync(node)) return node;

  process.stderr.write(
    `callnumber needs Node ${WANTED_MAJOR}, this is ${process.version}: ` +
      `fetching ${name}@${WANTED_MAJOR} from npm, once, into ${home}\n`,
  );
  // Fetched beside and renamed, so that a broken download is never taken for a finished one.
  const fresh = `${home}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  // A project of its own, not `--prefix`: that would move npm's global configuration away, and with
  // it the certificate authority, proxy or mirror that a company's machines need.
  writeFileSync(join(fresh, "package.json"), '{ "private": true }\n');
  const npm = process.env.npm_execpath;
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  args.push("--global=false", "--include=prod", `${name}@${WANTED_MAJOR}`);
  const env = { ...process.env };
  // What `npm start` says of this checkout is not meant for the other project.
  for (const key of Object.keys(env)) {
    if (/^npm_(package_|lifecycle_|config_(local_)?prefix$|config_omit$)/i.test(key))
      delete env[key];
  }
  const options = { cwd: fresh, stdio: ["ignore", 2, 2], env };
  const code = await (npm?.endsWith(".js")
    ? ended(process.execPath, [npm, ...args], options, name)
    : ended("npm", args, { ...options, shell: process.platform === "win32" }, name));
  if (code !== 0 || !existsSync(join(fresh, "node_modules", name, binary))) {
    rmSync(fresh, { recursive: true, force: true });
    process.stderr.write(
      `callnumber: could not fetch Node ${WANTED_MAJOR}; ` +
        "install it yourself (nodejs.org, nvm, your distribution) and start again\n",
    );
    process.exit(69);
  }
  try {
    rmSync(home, { recursive: true, force: true });
    renameSync(fresh, home);
  } catch {
    // Another start was quicker; its download is as good as this one.
    rmSync(fresh, { recursive: true, force: true });
  }
  return node;
}

function handOver(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends ctrl-C to both; a supervisor only to this one. Passing it on is safe either
  // way: the second of two signals within a moment is the same wish.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!process.stdin.isTTY || signal !== "SIGINT") child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`callnumber: cannot start ${node}: ${error.message}\n`);
    process.exit(69);
  });
  child.on("exit", (code, signal) => {
    process.exit(code ?? (signal ? 128 + 15 : 1));
  });
}

/** On before main.ts is read: what strips its types takes longer to load than main.ts itself. */
function setCompileCache() {
  const cache =
    process.env.CACHE_DIRECTORY || process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  if (!process.env.NODE_COMPILE_CACHE) {
    process.env.NODE_COMPILE_CACHE = join(cache, "callnumber", "compile");
  }
}

/** What is needed was never installed: the same for each Node, and said before it is fetched. */
function assertInstalled() {
  if (existsSync(join(checkout, "node_modules"))) return;
  // Installed as a package, the dependencies lie beside it.
  if (checkout.split(sep).includes("node_modules")) return;
  process.stderr.write(
    `callnumber: ${checkout} has no node_modules yet: run \`npm ci\` there first (it needs the network once)\n`,
  );
  process.exit(69);
}

assertInstalled();
setCompileCache();
if (Number(process.versions.node.split(".")[0]) >= WANTED_MAJOR) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const { runAsProgram } = await import(new URL("./main.ts", import.meta.url).href);
  await runAsProgram();
} else {
  handOver(await cachedNode());
}
