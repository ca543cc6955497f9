/**
 * Puts a finished record where it belongs in the tree: asks the router for the ID, makes its folder
 * and appends to the file of its day.
 *
 * Invariants: the checkpoint learns the file's name before anything is written to it; a
 * record whose place is taken by something that is no folder or file goes to 00.01, with the number
 * as a label. Throws what the disk says, and then nothing was written.
 */
import { SYSTEM_INBOX, SYSTEM_JDEX } from "../../record/johnny-decimal/numbers.ts";
import { planFromConfig } from "../../record/johnny-decimal/plan.ts";
import { lookedAgain } from "../../record/johnny-decimal/scan.ts";
import { CaptureTree } from "../../record/johnny-decimal/tree.ts";
import type { BuiltRecord } from "./build-record.ts";
import type { CaptureStore } from "./capture-store.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { FilerConfig } from "./filer-options.ts";
import type { FiledNotice } from "./messages.ts";
import { isRefused } from "./refusals.ts";
import { type Place, Router } from "./route.ts";

export class TreeWriter {
  readonly #tree: CaptureTree;
  readonly #router: Router;
  readonly #store: CaptureStore;
  readonly #checkpoint: Checkpoint;
  readonly #say: (message: string) => void;
  #isIndexMended = false;

  constructor(
    config: FilerConfig,
    store: CaptureStore,
    checkpoint: Checkpoint,
    say: (message: string) => void,
  ) {
    this.#tree = new CaptureTree({ captures: config.captures, plan: planFromConfig(config.tree) });
    this.#router = new Router(this.#tree, config, say);
    this.#store = store;
    this.#checkpoint = checkpoint;
    this.#say = say;
  }

  /** `key` is the exchange's in the checkpoint, `asked` the number in its path. */
  append(key: string, asked: string | null, record: BuiltRecord): FiledNotice {
    this.#mendIndex();
    const place = this.#router.route({ number: asked, line: record.line });
    if (place.refused !== null) record.line.labels.number ??= place.refused;
    try {
      return this.#write(key, record, place);
    } catch (error) {
      if (!isRefused(error) || place.number === SYSTEM_INBOX) throw error;
      this.#say((error as Error).message);
      record.line.labels.number ??= place.number;
      return this.#write(key, record, { ...place, number: SYSTEM_INBOX, title: null, by: "inbox" });
    }
  }

  /** Once, with the first record: a merge may have left the index files of two machines in one. */
  #mendIndex(): void {
    if (this.#isIndexMended) return;
    this.#isIndexMended = true;
    if (this.#tree.find(SYSTEM_JDEX) !== null) lookedAgain(() => this.#tree.writeIndex());
  }

  /** A folder that is renamed between looking and writing is found again by its number. */
  #write(key: string, record: BuiltRecord, place: Place): FiledNotice {
    return lookedAgain(() => this.#writeOnce(key, record, place));
  }

  #writeOnce(key: string, record: BuiltRecord, { number, title, by }: Place): FiledNotice {
    const { line } = record;
    const folder = this.#tree.folder(number, title, by);
    const file = this.#store.append(folder, record, (path) => {
      this.#checkpoint.begin({ key, id: line.id, file: path });
    });
    return {
      id: line.id,
      number,
      file,
      started: line.started,
      upstream: line.upstream,
      model: line.llm?.model ?? null,
      status: line.response?.status ?? null,
      outcome: line.outcome,
      totalMs: line.timing.total_ms ?? null,
    };
  }
}
