import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytes,
  clock,
  count,
  dollars,
  duration,
  NONE,
  percent,
  short,
  timeOn,
} from "../../../../site/view/format.ts";

test("what is not known is a dash, never a zero", () => {
  for (const format of [count, short, bytes, dollars, duration]) {
    assert.equal(format(null), NONE);
    assert.equal(format(undefined), NONE);
  }
  assert.equal(percent(null, 10), NONE);
  assert.equal(percent(1, 0), NONE);
});

test("counts have separators, short counts have a unit", () => {
  assert.equal(count(1234567), "1,234,567");
  assert.deepEqual([999, 1200, 34_400, 999_499, 1_250_000].map(short), [
    "999",
    "1.2k",
    "34k",
    "999k",
    "1.3M",
  ]);
});

test("a rounded figure never reaches the next unit's size", () => {
  assert.equal(short(999_600), "1.0M");
  assert.equal(bytes(1023), "1023 B");
  assert.equal(bytes(1024 * 1023.9), "1.0 MB");
});

test("money keeps two digits that mean something", () => {
  assert.deepEqual([0, 0.00042, 0.013, 1.27, 1204].map(dollars), [
    "$0",
    "$0.00042",
    "$0.013",
    "$1.27",
    "$1,204",
  ]);
  assert.equal(dollars(1e-9), "<$0.0000001");
});

test("durations read as people say them", () => {
  const shown = [0.2, 812, 3400, 42_000, 125_000, 4_200_000].map(duration);
  assert.deepEqual(shown, ["<1 ms", "812 ms", "3.4 s", "42 s", "2 m 05 s", "1 h 10 m"]);
});

test("times are of the zone that was asked for", () => {
  assert.deepEqual(clock("2026-11-23T23:30:00.000Z", "Asia/Taipei"), {
    day: "2026-11-24",
    time: "07:30:00",
  });
  const others = [
    ["2026-10-03T15:29:59.999Z", "Australia/Lord_Howe", "2026-10-04", "01:59:59"],
    ["2026-10-03T15:30:00.000Z", "Australia/Lord_Howe", "2026-10-04", "02:30:00"],
    ["2026-11-01T06:00:00.000Z", "America/New_York", "2026-11-01", "01:00:00"],
    ["2026-03-01T00:00:01.500Z", "Asia/Kathmandu", "2026-03-01", "05:45:01"],
    ["1969-12-31T23:59:58.250Z", "UTC", "1969-12-31", "23:59:58"],
  ] as const;
  for (const [instant, zone, day, time] of others) {
    const said = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    assert.equal(said.format(new Date(instant)), `${day} ${time}`, zone);
    assert.deepEqual(clock(instant, zone), { day, time }, `${instant} in ${zone}`);
  }
  assert.deepEqual(clock("nonsense", "UTC"), { day: NONE, time: NONE });
});

test("a time of another local date than its day's carries that date", () => {
  assert.equal(timeOn("2026-11-23T17:04:09Z", "Asia/Taipei", "2026-11-23"), "11-24 01:04:09");
  assert.equal(timeOn("2026-11-23T15:04:09Z", "Asia/Taipei", "2026-11-23"), "23:04:09");
  assert.equal(timeOn("2026-11-23T03:00:00Z", "America/New_York", "2026-11-23"), "11-22 22:00:00");
  assert.equal(timeOn("2026-11-23T17:04:09Z", "UTC", "2026-11-23"), "17:04:09");
});
