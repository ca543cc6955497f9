/**
 * The table of commands, in the order in which help shows them. Each file imports what is costly
 * only when it runs, so that reading this table stays cheap for `serve`.
 */
import { cat } from "./cat.ts";
import type { Command } from "./command.ts";
import { ls } from "./ls.ts";
import { serve } from "./serve.ts";
import { show } from "./show.ts";

import { verify } from "./verify.ts";

export const COMMANDS: readonly Command[] = [serve, ls, show, cat, verify];
