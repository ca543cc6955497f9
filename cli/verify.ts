/** `callnumber verify`: joins every body again and checks every digest. */
import { verifyFile } from "../record/reader/verify.ts";
import { filesOf, treeOf } from "./captures.ts";
import type { Command } from "./command.ts";

export const verify: Command = {
  name: "verify",
  summary: "join every body again and check every digest",
  arguments: [
    { name: "path", summary: "files, folders or numbers; all without it", variadic: true },
  ],
  options: [{ flags: "--json", summary: "one JSON object a problem" }],
  examples: ["callnumber verify", "callnumber verify 11.11"],
  run: async (args, options, io) => {
    const files = filesOf(await treeOf(options, io), args, io);
    let problems = 0;
    for (const [index, path] of files.entries()) {
      if ("isTTY" in io.stderr && io.stderr.isTTY) {
        io.stderr.write(`\r\u001b[K${index + 1}/${files.length}`);
      }
      for (const problem of verifyFile(path)) {
        problems++;
        const { file, line, message } = problem;
        io.stdout.write(
          options.json ? `${JSON.stringify(problem)}\n` : `${file}:${line}: ${message}\n`,
        );
      }
    }
    if ("isTTY" in io.stderr && io.stderr.isTTY) io.stderr.write("\r\u001b[K");
    io.stderr.write(
      `${files.length} files, ${problems === 0 ? "all whole" : `${problems} problems`}\n`,
    );
    return problems === 0 ? 0 : 1;
  },
};
