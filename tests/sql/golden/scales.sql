-- case: one scale
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin"]}}
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

-- case: several scales, in the order written
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["month", "origin"]}}
-- binds: [5000]
SELECT
  "flights"."month" AS "month",
  "flights"."origin" AS "origin",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- case: a composite scale groups by all its members
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["month", ["origin", "carrier"]]}}
-- binds: [5000]
SELECT
  "the answer"."month" AS "month",
  "the answer"."origin" AS "origin",
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."flight_count" AS "flight_count"
FROM (
  SELECT
    "flights"."month" AS "month",
    "flights"."origin" AS "origin",
    "flights"."carrier" AS "carrier",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1,
    2,
    3
  ORDER BY
    1 ASC,
    2 ASC,
    3 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC;

-- case: a scale written twice counts once
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin", ["origin", "month"]]}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  "flights"."month" AS "month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- case: a date by day
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:day"]}}
-- binds: [5000]
SELECT
  CAST("flights"."flight_date" AS DATE) AS "flight_date:day",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by week
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:week"]}}
-- binds: [5000]
SELECT
  COALESCE(
    "flights"."flight_date" - (
      CAST(ISODOW("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:week",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by month
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:month"]}}
-- binds: [5000]
SELECT
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by quarter
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:quarter"]}}
-- binds: [5000]
SELECT
  CAST(DATE_TRUNC('QUARTER', "flights"."flight_date") AS DATE) AS "flight_date:quarter",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by semester
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:semester"]}}
-- binds: [5000]
SELECT
  MAKE_DATE(
    YEAR("flights"."flight_date"),
    CASE WHEN MONTH("flights"."flight_date") <= 6 THEN 1 ELSE 7 END,
    1
  ) AS "flight_date:semester",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by year
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:year"]}}
-- binds: [5000]
SELECT
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFYEAR("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:year",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by weekday
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:weekday"]}}
-- binds: [5000]
SELECT
  ISODOW("flights"."flight_date") AS "flight_date:weekday",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by month_of_year
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:month_of_year"]}}
-- binds: [5000]
SELECT
  MONTH("flights"."flight_date") AS "flight_date:month_of_year",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by day_of_month
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:day_of_month"]}}
-- binds: [5000]
SELECT
  DAY("flights"."flight_date") AS "flight_date:day_of_month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a granularity in capitals
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:MONTH"]}}
-- binds: [5000]
SELECT
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a date by itself and by month
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date", "flight_date:month"]}}
-- binds: [5000]
SELECT
  "flights"."flight_date" AS "flight_date",
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- case: a timestamp by second
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:second"]}}
-- binds: [5000]
SELECT
  DATE_TRUNC('SECOND', "samples"."at") AS "at:second",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by minute
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:minute"]}}
-- binds: [5000]
SELECT
  DATE_TRUNC('MINUTE', "samples"."at") AS "at:minute",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by hour
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:hour"]}}
-- binds: [5000]
SELECT
  DATE_TRUNC('HOUR', "samples"."at") AS "at:hour",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by day
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:day"]}}
-- binds: [5000]
SELECT
  CAST("samples"."at" AS DATE) AS "at:day",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by week
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:week"]}}
-- binds: [5000]
SELECT
  CAST(DATE_TRUNC('WEEK', "samples"."at") AS DATE) AS "at:week",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by month
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:month"]}}
-- binds: [5000]
SELECT
  CAST(DATE_TRUNC('MONTH', "samples"."at") AS DATE) AS "at:month",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by quarter
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:quarter"]}}
-- binds: [5000]
SELECT
  CAST(DATE_TRUNC('QUARTER', "samples"."at") AS DATE) AS "at:quarter",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by semester
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:semester"]}}
-- binds: [5000]
SELECT
  MAKE_DATE(YEAR("samples"."at"), CASE WHEN MONTH("samples"."at") <= 6 THEN 1 ELSE 7 END, 1) AS "at:semester",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by year
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:year"]}}
-- binds: [5000]
SELECT
  CAST(DATE_TRUNC('YEAR', "samples"."at") AS DATE) AS "at:year",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by weekday
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:weekday"]}}
-- binds: [5000]
SELECT
  ISODOW("samples"."at") AS "at:weekday",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by month_of_year
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:month_of_year"]}}
-- binds: [5000]
SELECT
  MONTH("samples"."at") AS "at:month_of_year",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by hour_of_day
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:hour_of_day"]}}
-- binds: [5000]
SELECT
  HOUR("samples"."at") AS "at:hour_of_day",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp by day_of_month
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at:day_of_month"]}}
-- binds: [5000]
SELECT
  DAY("samples"."at") AS "at:day_of_month",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp with zone by hour
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at_tz:hour"]}}
-- binds: [5000]
SELECT
  DATE_TRUNC('HOUR', "samples"."at_tz") AS "at_tz:hour",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp with zone by day
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at_tz:day"]}}
-- binds: [5000]
SELECT
  CAST("samples"."at_tz" AS DATE) AS "at_tz:day",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a timestamp with zone by month
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["at_tz:month"]}}
-- binds: [5000]
SELECT
  CAST(DATE_TRUNC('MONTH', "samples"."at_tz") AS DATE) AS "at_tz:month",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: scales without a measure of their own
-- query: {"data": {"fields": {"origin": ["select"]}}, "scale": {"fields": ["origin", "month"]}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  "flights"."month" AS "month"
FROM "flights" AS "flights"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- case: an axis is for charts only
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin"], "axis": {"x": ["origin"]}}}
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
