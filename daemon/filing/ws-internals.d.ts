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
  }
  export const extension: {
    parse(header: string): Record<string, Record<string, (string | true)[]>[]>;
  };
}
