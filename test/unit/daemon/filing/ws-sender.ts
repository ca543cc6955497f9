/** Makes WebSocket frames byte by byte (RFC 6455, 5.2), also such as no library would send. */

export interface FrameShape {
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number;
  readonly fin: boolean;
  readonly masked: boolean;
  readonly payload: Buffer;
}

const KEY = Buffer.from([1, 2, 3, 4]);

export const Sender = {
  frame({ opcode, fin, masked, payload }: FrameShape): Buffer {
    const mask = masked ? 0x80 : 0;
    const first = (fin ? 0x80 : 0) | opcode;
    const { length } = payload;
    const head =
      length < 126
        ? Buffer.from([first, mask | length])
        : Buffer.from([first, mask | 126, length >> 8, length & 255]);
    if (!masked) return Buffer.concat([head, payload]);
    return Buffer.concat([head, KEY, payload.map((byte, i) => byte ^ (KEY[i & 3] as number))]);
  },

  text(text: string, masked: boolean): Buffer {
    return Sender.frame({ opcode: 1, fin: true, masked, payload: Buffer.from(text) });
  },
};
