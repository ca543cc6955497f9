/**
 * Keeps calls and callnumber's own checkout apart: what is recorded belongs to you, and git would
 * publish it with the program.
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isToolCheckout, toolCheckoutAround } from "../daemon/config/homes.ts";
import type { Config } from "../daemon/config/types.ts";
import type { Io } from "./command.ts";
import { noteScan } from "./scanned.ts";

const SAMPLES = join("captures", "90-99 Samples");

/** At the very first start from a checkout: the samples go where the calls will go. */
export function bringSamples({ path, captures, state }: Config, io: Io): void {
  const samples = join(io.cwd, SAMPLES);
  if (path !== null || existsSync(captures) || !isToolCheckout(io.cwd)) return;
  if (!existsSync(samples)) return;
  const parent = dirname(captures);
  const fresh = join(parent, `.samples-${process.pid}`);
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    mkdirSync(fresh, { mode: 0o700 });
    cpSync(samples, join(fresh, "90-99 Samples"), { recursive: true });
    renameSync(fresh, captures);
    noteScan(state);
    io.stderr.write(`the samples were copied to ${captures}, where your calls go\n`);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    // The daemon says what is wrong with the folder, if it still is.
    io.stderr.write(`the samples were not copied: ${(error as Error).message}\n`);
  }
}

/** A sentence where captures are part of a checkout of callnumber; null where they are not. */
export function checkoutWarning({ captures }: Config): string | null {
  const tool = toolCheckoutAround(captures);
  if (tool === null) return null;
  return (
    `captures are in ${tool}, a checkout of callnumber, where git would commit them with the ` +
    "program: `callnumber init FOLDER` prepares a place of your own"
  );
}
