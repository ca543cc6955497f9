/** What generators draw from a seed: choices, numbers, and bytes cut and damaged. */
import { seededRandom } from "../seeded-random.ts";

export class Draw {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** 0 … below - 1. */
  below(below: number): number {
    return Math.floor(this.random() * below);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Whole, at some places, or at every byte. */
  cut(text: string): string[] {
    const every = this.below(4);
    if (every === 0) return [text];
    if (every === 1) return [...text];
    const places = Array.from({ length: 1 + this.below(5) }, () => this.below(text.length + 1));
    places.sort((a, b) => a - b);
    return [...places, text.length].map((to, i) => text.slice(places[i - 1] ?? 0, to));
  }

  /** Now and then a byte is put in, taken out or changed, or a slice comes twice. */
  damage(text: string): string {
    let damaged = text;
    while (this.chance(0.25)) {
      const at = this.below(damaged.length + 1);
      const way = this.below(4);
      const [head, tail] = [damaged.slice(0, at), damaged.slice(at)];
      if (way === 0) damaged = head + this.pick(ODD) + tail;
      else if (way === 1) damaged = head + tail.slice(1 + this.below(3));
      else if (way === 2) damaged = head + this.pick(ODD) + tail.slice(1);
      else damaged = head + tail.slice(0, this.below(40)) + tail;
    }
    return damaged;
  }

  /** A line end, hardly ever an odd one. */
  lineEnd(share = 0.02): string {
    return this.chance(share) ? this.pick(ODD_LINE_ENDS) : "\r\n";
  }

  /** A header line without its end, as it is or with something odd around name or value. */
  header(name: string, value: string): string {
    if (this.chance(0.9)) return `${name}: ${value}`;
    const odd = () => (this.chance(0.3) ? this.pick(ODD) : "");
    const spelled = this.chance(0.3) ? name.toUpperCase() : name;
    return `${odd()}${spelled}${odd()}:${this.pick(["", " ", "\t", "  "])}${odd()}${value}${odd()}`;
  }

  /** Headers that say where a body ends, and the body: mostly as they should be. */
  framing(body: string, others: readonly string[]): { headers: string[]; wire: string } {
    const way = this.below(10);
    const right = String(body.length);
    const counted = () => this.header("Content-Length", right);
    if (way < 3) return { headers: [counted()], wire: body };
    if (way < 6) {
      return { headers: [this.header("Transfer-Encoding", "chunked")], wire: this.chunks(body) };
    }
    if (way === 6) return { headers: [], wire: this.chance(0.5) ? "" : body };
    const headers = Array.from({ length: 1 + this.below(2) }, () =>
      this.chance(0.5)
        ? this.header("Content-Length", this.pick([right, ...LENGTHS]))
        : this.header("Transfer-Encoding", this.pick(ENCODINGS)),
    );
    if (this.chance(0.3)) headers.push(counted());
    const wire = this.chance(0.5) ? this.chunks(body) : body;
    return { headers: this.chance(0.2) ? [...headers, ...others] : headers, wire };
  }

  chunks(body: string): string {
    let wire = "";
    for (let at = 0; at < body.length; ) {
      const size = 1 + this.below(Math.min(20, body.length - at));
      const told = this.chance(0.02) ? size + this.pick([-1, 1, 16]) : size;
      wire += `${this.sizeLine(told)}${this.lineEnd()}${body.slice(at, at + size)}${this.lineEnd()}`;
      at += size;
    }
    wire += `${this.sizeLine(0)}${this.lineEnd()}`;
    while (this.chance(0.25)) wire += this.header(this.pick(TRAILERS), "t") + this.lineEnd();
    return wire + this.lineEnd();
  }

  private sizeLine(size: number): string {
    const hex = size.toString(16);
    if (this.chance(0.85)) return hex;
    const spelled = this.pick([hex, hex.toUpperCase(), `0${hex}`, `000000${hex}`]);
    return this.chance(0.5) ? spelled : this.pick(ODD_SIZES).replace("N", spelled);
  }
}

const ODD = [
  ...[
    " ",
    "\t",
    "\v",
    "\f",
    "\0",
    "\r",
    "\n",
    "\r\n",
    "\r\r\n",
    "\x7f",
    "\x85",
    "\xa0",
    ":",
    ",",
    ";",
  ],
  ...['"', "=", "0", "1", "\r\n ", "\n\n", "\r\n\r\n", "\x1b", "a"],
];
const ODD_LINE_ENDS = [
  "\n",
  "\r",
  "\r\r\n",
  "\n\r",
  "\r\n ",
  "\r\n\t",
  " \r\n",
  "\0\r\n",
  "",
  "\r\n\r\n",
];
const LENGTHS = [
  ...[
    "0",
    "1",
    "3",
    "-1",
    "+3",
    "0x3",
    "3, 3",
    "3,4",
    "3 3",
    "",
    " ",
    "03",
    "3.0",
    "1e1",
    "chunked",
  ],
  ...["99999999999999999999", "18446744073709551619", "4294967299", "３"],
];
const ENCODINGS = [
  ...[
    "chunked",
    "Chunked",
    "CHUNKED",
    "chunked ",
    " chunked",
    "\tchunked",
    "\vchunked",
    "chunked\0",
  ],
  ...[
    "xchunked",
    "chunkedx",
    "chunked, chunked",
    "gzip, chunked",
    "chunked, gzip",
    "gzip",
    "identity",
  ],
  ...[
    "identity, chunked",
    "chunked;q=1",
    '"chunked"',
    ",chunked",
    "chunked,",
    "",
    "\xffchunked",
    "c hunked",
  ],
];
const ODD_SIZES = [
  ...[
    "N ",
    "N\t",
    " N",
    "N;",
    "N;a",
    "N;a=b",
    'N;a="b"',
    'N;a="b;\\"c"',
    "N;a=",
    "N; a=b",
    "N ;a=b",
  ],
  ...[
    "N;a;b=c",
    "N;a\0",
    "N;\r",
    "N;\xff=a",
    "0xN",
    "+N",
    "-N",
    "N.0",
    "NN",
    "N,N",
    "N\r",
    "ffffffffffffffN",
  ],
];
/** Without framing: llhttp refuses such trailers, the byte path leaves them out. */
const TRAILERS = [
  ...["Digest", "X-T", "Host", "x-callnumber-token", "X_CALLNUMBER_TOKEN"],
  ...["Authorization", "Set-Cookie", "Trailer", "Connection", "ETag"],
];
