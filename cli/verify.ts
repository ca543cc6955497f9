/** `callnumber verify`: joins every body again and checks every digest. */
import { verifyFile } from "../record/reader/verify.ts";
import { filesOf, treeOf } from "./captures.ts";
import type { Command } from "./command.ts";
import { inLine } from "./printable.ts";
import { progressOn } from "./safe-output.ts";

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
    if (files.length === 0) {
      io.stderr.write("no captures to verify\n");
      return 0;
    }
    const progress = progressOn(io.stderr);
    let problems = 0;
    for (const [index, path] of files.entries()) {
      progress(`${index + 1}/${files.length}`);
      for (const problem of verifyFile(path)) {
        problems++;
        const { file, line, message } = problem;
        io.stdout.write(
          options.json
            ? `${JSON.stringify(problem)}\n`
            : `${inLine(file)}:${line}: ${inLine(message)}\n`,
        );
      }
    }
    progress("");
    io.stderr.write(
      `${files.length} files, ${problems === 0 ? "all whole" : `${problems} problems`}\n`,
    );
    return problems === 0 ? 0 : 1;
  },
};
