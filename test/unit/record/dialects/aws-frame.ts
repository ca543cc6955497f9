/** Writes AWS event stream messages, for tests of the reader. */
import { crc32 } from "node:zlib";

/** One message with string headers and a JSON payload. */
export function awsEvent(name: string, payload: object, kind = "event"): Buffer {
  const type = kind === "event" ? ":event-type" : ":exception-type";
  const headers = Buffer.concat([
    header(type, name),
    header(":content-type", "application/json"),
    header(":message-type", kind),
  ]);
  return awsMessage(headers, Buffer.from(JSON.stringify(payload)));
}

export function header(name: string, value: string): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([Buffer.byteLength(name)]),
    Buffer.from(name),
    Buffer.from([7]),
    size,
    Buffer.from(value),
  ]);
}

export function awsMessage(headers: Buffer, payload: Buffer): Buffer {
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + headers.length + payload.length, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const whole = Buffer.concat([prelude, headers, payload]);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE(crc32(whole));
  return Buffer.concat([whole, trailer]);
}
