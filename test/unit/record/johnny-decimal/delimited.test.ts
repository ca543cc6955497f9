import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  type Delimiter,
  formatDelimited,
  guessDelimiter,
  parseDelimited,
} from "../../../../record/johnny-decimal/delimited.ts";

test("rows are read with their lines; blank lines, CRLF and a missing last line end are fine", () => {
  const rows = parseDelimited("a\tb\r\n\r\n\nc\td\te", "\t");
  assert.deepEqual(rows, [
    { cells: ["a", "b"], line: 1 },
    { cells: ["c", "d", "e"], line: 4 },
  ]);
});

test("quotation marks enclose a whole cell or are ordinary characters", () => {
  const cells = (text: string) => parseDelimited(text, ",").map((row) => row.cells);
  assert.deepEqual(cells('"a,b","say ""x""",c'), [["a,b", 'say "x"', "c"]]);
  assert.deepEqual(cells('"two\nlines",x\ny'), [["two\nlines", "x"], ["y"]]);
  assert.deepEqual(cells('"quoted" and more,x'), [['"quoted" and more', "x"]]);
  assert.deepEqual(cells('"never closed,x'), [['"never closed', "x"]]);
});

test("the delimiter is seen, commas in titles notwithstanding", () => {
  assert.equal(guessDelimiter("10-19\tA, B, and C\tx; y\n11\tD, E\t"), "\t");
  assert.equal(guessDelimiter("number,title\n10-19,A\n11,B; C"), ",");
  assert.equal(guessDelimiter("10-19;A, x\n11;B, y"), ";");
  assert.equal(guessDelimiter("11 Cline\n12 Claude"), "\t");
});

test("any cells written are read back", () => {
  const cell = fc.string({ unit: fc.constantFrom(...'"\t,;\r\n a字'.split("")), maxLength: 8 });
  const delimiter = fc.constantFrom<Delimiter>("\t", ",", ";");
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 })),
      delimiter,
      (rows, sign) => {
        const back = parseDelimited(formatDelimited(rows, sign), sign).map((row) => row.cells);
        assert.deepEqual(back, rows);
      },
    ),
    { numRuns: 500 },
  );
});
