/** `callnumber completion <shell>`: prints the completion script, made from the command table. */
import type { Command } from "./command.ts";
import { known } from "./mistyped.ts";

export const completion: Command = {
  name: "completion",
  summary: "print a completion script for your shell, or the man page",
  arguments: [{ name: "what", summary: "bash, zsh, fish or man", required: true }],
  examples: [
    "callnumber completion bash > ~/.local/share/bash-completion/completions/callnumber",
    "callnumber completion fish > ~/.config/fish/completions/callnumber.fish",
    "callnumber completion man | man -l -",
  ],
  run: async ([what = ""], _options, io) => {
    const { allCommands } = await import("./commands.ts");
    const commands = await allCommands();
    if (what === "man") {
      const { manPage } = await import("./man-page.ts");
      const { version } = await import("./version.ts");
      io.stdout.write(manPage(commands, version()));
      return 0;
    }
    const { completions, SHELLS } = await import("./completion-scripts.ts");
    const shell = known(what, SHELLS, "shell");
    io.stdout.write(completions(commands)[shell]);
    return 0;
  },
};
