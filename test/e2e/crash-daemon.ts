/** The daemon of the crash suite: `node crash-daemon.ts CONFIG` prints its URL and serves. */
import { loadConfig } from "../../daemon/config/load.ts";
import { startDaemon } from "../../daemon/daemon.ts";
import { CodedError } from "../../record/errors.ts";

const config = loadConfig({ file: process.argv[2], env: {}, cwd: process.cwd() });
const log = (_level: string, message: string) => console.error(message);
const daemon = await startDaemon(config, { log }).catch((error: Error) => {
  console.error(error.message);
  process.exit(error instanceof CodedError ? error.exit : 1);
});
const { pid } = (await daemon.filer).stats();
// Before anybody knows that it is there: the next thing may be a signal.
process.once("SIGTERM", async () => {
  await daemon.close();
  process.exit(0);
});
console.log(JSON.stringify({ url: daemon.urls[0], filer: pid }));
