import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import { CodedError } from "../../../../record/errors.ts";
import {
  decodeTable,
  readTable,
  surveyTable,
  writeTable,
} from "../../../../record/johnny-decimal/plan-table.ts";

const TABLE = [
  "00-09\t治理 (Governance)\t目標、文化。",
  "00\t章程\t",
  "03\t風險管理\t框架（非財會專屬）。04 應專注於宏觀風險（如地震）。",
  "10-19\t核心營運 (Operations)\t含硬體。",
  '11\t生產管理 (Production)\t排程 (MRP), "quoted"',
  "65\t資產\t",
  "80-89\t衡量\t尚無類別",
  "",
].join("\n");

test("a table is read as its author wrote it and written back byte for byte", () => {
  const { plan, leftOut } = readTable(TABLE);
  assert.deepEqual(leftOut, []);
  assert.equal(plan.rows.length, 7);
  assert.deepEqual(plan.rows[5], { number: "65", title: "資產", description: "" });
  assert.equal(writeTable(plan, "tsv"), TABLE);
  for (const format of ["tsv", "csv", "json"] as const) {
    assert.deepEqual(readTable(writeTable(plan, format), format).plan, plan, format);
    assert.deepEqual(readTable(writeTable(plan, format)).plan, plan, `${format}, guessed`);
  }
});

test("a table without area rows, without descriptions, with CRLF, a mark and blank lines is fine", () => {
  const { plan } = readTable("\ufeff70\t成員招募\r\n\r\n71\t健康\t病史\r\n");
  assert.deepEqual(plan.rows, [
    { number: "70", title: "成員招募", description: "" },
    { number: "71", title: "健康", description: "病史" },
  ]);
});

test("full-width digits and dashes, a header row, and number and title in one cell are understood", () => {
  const { plan, leftOut } = readTable(
    "編號\t標題\t說明\n１０－１９\tＡ 區\t\n11 Cline\n12　Claude Code\tx\n11.11\tOpenRouter",
  );
  assert.deepEqual(leftOut, []);
  assert.deepEqual(
    plan.rows.map((row) => [row.number, row.title, row.description]),
    [
      ["10-19", "Ａ 區", ""],
      ["11", "Cline", ""],
      ["11.11", "OpenRouter", ""],
      ["12", "Claude Code", "x"],
    ],
  );
});

test("a row that is none is named with its line and left out; further cells are kept", () => {
  const { plan, leftOut } = readTable("10-19\tA\nremember this\n1\tlost zero\n11\tB\tc\td\n");
  assert.deepEqual(plan.rows.at(-1), { number: "11", title: "B", description: "c d" });
  assert.equal(leftOut.length, 2);
  assert.match(leftOut[0]!, /^line 2: "remember this": no number/);
  assert.match(leftOut[1]!, /^line 3: .*spreadsheet/);
});

test("one number twice, no number at all, and broken JSON are refused", () => {
  for (const text of ["11\tA\n12\tB\n11\tC", "just\ntext", "", "[{]", '{"number":"11"}']) {
    assert.throws(() => readTable(text), invalid, text);
  }
  assert.throws(() => readTable("11\tA\n11\tC"), /line 2: "11 C": 11 was given before/);
  const survey = surveyTable("11\tA\n11\tC");
  assert.deepEqual([survey.plan.rows[0]?.title, survey.twice.length], ["A", 1]);
});

test("UTF-8, UTF-16 with a mark and a named encoding are decoded; other bytes are refused", () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("11\t生產", "utf16le")]);
  assert.equal(decodeTable(utf16), "11\t生產");
  const big5 = Buffer.from([0x31, 0x31, 0x09, 0xa5, 0xcd]);
  assert.throws(() => decodeTable(big5), invalid);
  assert.equal(decodeTable(big5, "big5"), "11\t生");
  assert.throws(() => decodeTable(big5, "no-such"), { code: "bad-argument" });
});

for (const name of ["jd-company.tsv", "jd-household.tsv"]) {
  const url = new URL(`../../../../../shared/fixtures/${name}`, import.meta.url);
  const skip = existsSync(url) ? false : "the shared fixtures are not here";
  test(`${name} comes back byte for byte`, { skip }, () => {
    const bytes = readFileSync(url);
    const { plan, leftOut } = readTable(decodeTable(bytes));
    assert.deepEqual(leftOut, []);
    assert.equal(
      writeTable(plan, "tsv").trimEnd(),
      bytes.toString().replaceAll("\r\n", "\n").trimEnd(),
    );
  });
}

function invalid(error: unknown) {
  return error instanceof CodedError && error.code === "table-invalid";
}
