-- case: attributes alone list rows
-- query: {"data": {"fields": {"origin": ["select"], "distance": ["select"]}}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  "flights"."distance" AS "distance"
FROM "flights" AS "flights"
LIMIT $1;

-- case: a listing has each attribute once
-- query: {"data": {"fields": {"origin": ["select", "SELECT", "select_distinct"]}}}
-- binds: [5000]
SELECT DISTINCT
  "weather"."origin" AS "origin"
FROM "weather" AS "weather"
ORDER BY
  1 ASC
LIMIT $1;

-- case: select_distinct lists the distinct combinations of all that is selected
-- query: {"data": {"fields": {"origin": ["select_distinct"], "month": ["select"]}}}
-- binds: [5000]
SELECT DISTINCT
  "flights"."origin" AS "origin",
  "flights"."month" AS "month"
FROM "flights" AS "flights"
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- case: aggregates without scale make one row
-- query: {"data": {"fields": {"distance": ["sum", "min", "max", "avg"], "flight": ["count"], "tailnum": ["count_distinct"]}}}
-- binds: [5000]
SELECT
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
  MIN("flights"."distance") AS "distance_min",
  MAX("flights"."distance") AS "distance_max",
  AVG("flights"."distance") AS "distance_avg",
  COUNT("flights"."flight") AS "flight_count",
  COUNT(DISTINCT "flights"."tailnum") AS "tailnum_count_distinct"
FROM "flights" AS "flights"
LIMIT $1;

-- case: computes are named in any case
-- query: {"data": {"fields": {"distance": ["SUM", "Avg", "sum"]}}}
-- binds: [5000]
SELECT
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
  AVG("flights"."distance") AS "distance_avg"
FROM "flights" AS "flights"
LIMIT $1;

-- case: statistics
-- query: {"data": {"fields": {"arr_delay": ["median", "stddev", "variance", "p01", "p50", "p99"]}}}
-- binds: [5000]
SELECT
  MEDIAN("flights"."arr_delay") AS "arr_delay_median",
  STDDEV("flights"."arr_delay") AS "arr_delay_stddev",
  VARIANCE("flights"."arr_delay") AS "arr_delay_variance",
  QUANTILE_CONT("flights"."arr_delay", 0.01) AS "arr_delay_p01",
  QUANTILE_CONT("flights"."arr_delay", 0.5) AS "arr_delay_p50",
  QUANTILE_CONT("flights"."arr_delay", 0.99) AS "arr_delay_p99"
FROM "flights" AS "flights"
LIMIT $1;

-- case: an approximate count
-- query: {"data": {"fields": {"tailnum": ["count_approx_distinct"], "flight": ["count"]}}}
-- binds: [5000]
SELECT
  APPROX_COUNT_DISTINCT("flights"."tailnum") AS "tailnum_count_approx_distinct",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LIMIT $1;

-- case: a sum of floats stays a float
-- query: {"data": {"fields": {"temp": ["sum"]}}}
-- binds: [5000]
SELECT
  SUM("weather"."temp") AS "temp_sum"
FROM "weather" AS "weather"
LIMIT $1;

-- case: a sum of decimals is exact, their median is a float
-- world: samples
-- query: {"data": {"fields": {"price": ["sum", "median", "p90"]}}}
-- binds: [5000]
SELECT
  SUM("samples"."price") AS "price_sum",
  MEDIAN(CAST("samples"."price" AS DOUBLE)) AS "price_median",
  QUANTILE_CONT(CAST("samples"."price" AS DOUBLE), 0.9) AS "price_p90"
FROM "samples" AS "samples"
LIMIT $1;

-- case: select beside an aggregate is the smallest
-- query: {"data": {"fields": {"carrier": ["select"], "distance": ["max"]}}}
-- binds: [5000]
SELECT
  MIN("flights"."carrier") AS "carrier",
  MAX("flights"."distance") AS "distance_max"
FROM "flights" AS "flights"
LIMIT $1;

-- case: select_distinct beside an aggregate is the smallest too
-- query: {"data": {"fields": {"carrier": ["select_distinct"], "distance": ["max"]}}}
-- binds: [5000]
SELECT
  MIN("flights"."carrier") AS "carrier",
  MAX("flights"."distance") AS "distance_max"
FROM "flights" AS "flights"
LIMIT $1;

-- case: select beside another scale is the smallest
-- query: {"data": {"fields": {"tailnum": ["select"], "flight": ["count"]}}, "scale": {"fields": ["origin"]}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  MIN("flights"."tailnum") AS "tailnum",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: select of a scale is the scale
-- query: {"data": {"fields": {"origin": ["select"], "flight": ["count"]}}, "scale": {"fields": ["origin"]}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: text and dates have a smallest and a largest
-- query: {"data": {"fields": {"dest": ["min"], "flight_date": ["max", "count_distinct"]}}}
-- binds: [5000]
SELECT
  MIN("flights"."dest") AS "dest_min",
  MAX("flights"."flight_date") AS "flight_date_max",
  COUNT(DISTINCT "flights"."flight_date") AS "flight_date_count_distinct"
FROM "flights" AS "flights"
LIMIT $1;
