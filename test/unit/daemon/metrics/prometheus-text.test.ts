/** The exposition format, as a scraper reads it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, MetricsText } from "../../../../daemon/metrics/prometheus-text.ts";

test("buckets are cumulative and the last one holds everything", () => {
  const histogram = new Histogram([0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.add(value);
  assert.equal(
    new MetricsText().histogram("x_seconds", "Time.", histogram).toString(),
    `# HELP x_seconds Time.
# TYPE x_seconds histogram
x_seconds_bucket{le="0.1"} 2
x_seconds_bucket{le="1"} 3
x_seconds_bucket{le="+Inf"} 4
x_seconds_sum 7.65
x_seconds_count 4
`,
  );
});

test("label values cannot break out of their quotes", () => {
  const text = new MetricsText().counter("a_total", "A.", [[{ up: 'x"\\\ny' }, 3]]).toString();
  assert.equal(text.split("\n")[2], 'a_total{up="x\\"\\\\\\ny"} 3');
});
