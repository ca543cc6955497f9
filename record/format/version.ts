/** Value of `format` in the first line of every capture file; see docs/format.md. */
export const FORMAT = "callnumber/1";
