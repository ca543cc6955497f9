import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarView, trendView } from "../../../../site/view/charts.ts";
import { emptyTotals } from "../../../../site/view/totals.ts";

const figure = (day: string, calls: number, errors = 0) => ({
  day,
  totals: { ...emptyTotals(), calls, errors },
});

test("a calendar of nothing is an empty chart", () => {
  assert.deepEqual(calendarView([], 53).cells, []);
  assert.deepEqual(trendView([], 10).bars, []);
});

test("each day is drawn once, Mondays on top, the busiest day strongest", () => {
  const { cells } = calendarView([figure("2026-11-23", 100), figure("2026-11-20", 1)], 53);
  assert.equal(new Set(cells.map(({ day }) => day)).size, cells.length);
  assert.equal(cells.at(-1)!.day, "2026-11-23");
  assert.equal(cells.at(-1)!.y, 12, "the 23rd is a Monday");
  assert.equal(cells.at(-1)!.level, 4);
  assert.equal(cells.find(({ day }) => day === "2026-11-20")!.level, 1);
});

test("however long the history, at most so many weeks are drawn", () => {
  const { cells } = calendarView([figure("2020-01-01", 1), figure("2026-11-23", 1)], 53);
  assert.ok(cells.length <= 53 * 7);
});

test("months are named so that no name touches the next or leaves the chart", () => {
  for (const last of ["2026-11-23", "2026-01-05", "2026-12-01", "2027-02-28"]) {
    const { months, width } = calendarView([figure(last, 1)], 26);
    assert.match(months[0]!.label, /^\d{4}-\d\d$/, "the first month has its year");
    months.forEach(({ x, label }, index) => {
      const end = x + label.length * 5;
      assert.ok(end <= (months[index + 1]?.x ?? width), `${last}: ${label} at ${x} ends at ${end}`);
    });
  }
});

test("bars are the newest days, scaled to the busiest", () => {
  const { bars, max } = trendView(
    [figure("2026-11-21", 5), figure("2026-11-22", 10, 2), figure("2026-11-23", 1)],
    2,
  );
  assert.deepEqual(
    bars.map(({ day }) => day),
    ["2026-11-22", "2026-11-23"],
  );
  assert.equal(max, 10);
  assert.equal(bars[0]!.height, 90);
  assert.equal(bars[0]!.errorHeight, 18);
});
