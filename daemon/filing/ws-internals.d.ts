// What `ws` exports beside its sockets (README, "receiver") and @types/ws does not describe.
import type { Writable } from "node:stream";

declare module "ws" {
  export class PerMessageDeflate {
    constructor(options: object, isServer: boolean, maxPayload: number);
    params: Record<string, unknown>;
  }
  export class Receiver extends Writable {
    constructor(options: {
      isServer: boolean;
      extensions: Record<string, PerMessageDeflate>;
      maxPayload: number;
      skipUTF8Validation: boolean;
    });
    /** Bytes that it holds and has not read. */
    readonly _bufferedBytes: number;
    /** 0 where the next byte is the first of a frame. */
    readonly _state: number;
    /** Opcode of a message of which only the first frames have come; else 0. */
    readonly _fragmented: number;
  }
  export const extension: {
    parse(header: string): Record<string, Record<string, (string | true)[]>[]>;
  };
}
