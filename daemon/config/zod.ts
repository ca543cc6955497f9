/**
 * zod as a start can afford it: in its CommonJS form, which Node reads more quickly, and without its
 * messages in sixty languages, which nothing here uses and which are two fifths of its files.
 *
 * What always holds: the whole of zod's API but `z.locales`, which is empty.
 */
import { createRequire, Module } from "node:module";
import type * as Zod from "zod";

const require = createRequire(import.meta.url);
const locales = require.resolve("zod/v4/locales");
require.cache[locales] ??= Object.assign(new Module(locales), { loaded: true });

export const { z } = require("zod") as typeof Zod;
