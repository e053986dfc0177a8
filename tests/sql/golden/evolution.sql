-- case: a month before, on the calendar
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:month"]}, "filter": {"carrier": "UA"}, "evol": {"scale": "month"}}
-- binds: ["UA", 5000]
WITH "the groups" AS (
  SELECT
    COALESCE(
      "flights"."flight_date" - (
        CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
      ),
      "flights"."flight_date"
    ) AS "flight_date:month",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  WHERE
    "flights"."carrier" = $1
  GROUP BY
    1
)
SELECT
  "the answer"."flight_date:month" AS "flight_date:month",
  "the answer"."flight_count" AS "flight_count",
  "1 before"."flight_count_1" AS "flight_count_1"
FROM (
  SELECT
    "the answer"."flight_date:month" AS "flight_date:month",
    "the answer"."flight_count" AS "flight_count"
  FROM "the groups" AS "the answer"
  ORDER BY
    1 ASC
  LIMIT $2
) AS "the answer"
LEFT JOIN (
  SELECT
    "the answer"."flight_date:month" AS "flight_date:month",
    "the answer"."flight_count" AS "flight_count_1"
  FROM "the groups" AS "the answer"
) AS "1 before"
  ON CAST((
    "the answer"."flight_date:month" - INTERVAL '1' MONTH
  ) AS DATE) = "1 before"."flight_date:month"
ORDER BY
  1 ASC;

-- case: what the filter says of the time moves back, by whole weeks
-- query: {"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["origin"]}, "filter": {"flight_date": {"between": ["2013-03-01", "2013-03-31"]}}, "evol": {"scale": "year", "mode": "weekday", "depth": 2}}
-- binds: ["2013-03-01", "2013-03-31", 5000, "2012-03-02", "2012-04-01", "2011-03-04", "2011-04-03"]
SELECT
  "the answer"."origin" AS "origin",
  "the answer"."distance_sum" AS "distance_sum",
  "1 before"."distance_sum_1" AS "distance_sum_1",
  "2 before"."distance_sum_2" AS "distance_sum_2"
FROM (
  SELECT
    "flights"."origin" AS "origin",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
  FROM "flights" AS "flights"
  WHERE
    "flights"."flight_date" BETWEEN $1 AND $2
  GROUP BY
    1
  ORDER BY
    1 ASC
  LIMIT $3
) AS "the answer"
LEFT JOIN (
  SELECT
    "flights"."origin" AS "origin",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum_1"
  FROM "flights" AS "flights"
  WHERE
    "flights"."flight_date" BETWEEN $4 AND $5
  GROUP BY
    1
) AS "1 before"
  ON "the answer"."origin" IS NOT DISTINCT FROM "1 before"."origin"
LEFT JOIN (
  SELECT
    "flights"."origin" AS "origin",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum_2"
  FROM "flights" AS "flights"
  WHERE
    "flights"."flight_date" BETWEEN $6 AND $7
  GROUP BY
    1
) AS "2 before"
  ON "the answer"."origin" IS NOT DISTINCT FROM "2 before"."origin"
ORDER BY
  1 ASC;

-- case: without a scale there may have been nothing
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": {"during": "2013-03"}}, "evol": {"scale": "quarter"}}
-- binds: ["2013-03-01", "2013-04-01", 5000, "2012-12-01", "2013-01-01"]
SELECT
  "the answer"."flight_count" AS "flight_count",
  "1 before"."flight_count_1" AS "flight_count_1"
FROM (
  SELECT
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  WHERE
    (
      "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
    )
  LIMIT $3
) AS "the answer"
LEFT JOIN (
  SELECT
    COUNT("flights"."flight") AS "flight_count_1"
  FROM "flights" AS "flights"
  WHERE
    (
      "flights"."flight_date" >= $4 AND "flights"."flight_date" < $5
    )
  HAVING
    COUNT(*) > 0
) AS "1 before"
  ON 1 = 1;

-- case: the coarser cuts follow the finest
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:year", "flight_date:month", "flight_date:weekday"]}, "evol": {"scale": "month"}}
-- binds: [5000]
WITH "the groups" AS (
  SELECT
    COALESCE(
      "flights"."flight_date" - (
        CAST(DAYOFYEAR("flights"."flight_date") AS INT) - 1
      ),
      "flights"."flight_date"
    ) AS "flight_date:year",
    COALESCE(
      "flights"."flight_date" - (
        CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
      ),
      "flights"."flight_date"
    ) AS "flight_date:month",
    ISODOW("flights"."flight_date") AS "flight_date:weekday",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1,
    2,
    3
)
SELECT
  "the answer"."flight_date:year" AS "flight_date:year",
  "the answer"."flight_date:month" AS "flight_date:month",
  "the answer"."flight_date:weekday" AS "flight_date:weekday",
  "the answer"."flight_count" AS "flight_count",
  "1 before"."flight_count_1" AS "flight_count_1"
FROM (
  SELECT
    "the answer"."flight_date:year" AS "flight_date:year",
    "the answer"."flight_date:month" AS "flight_date:month",
    "the answer"."flight_date:weekday" AS "flight_date:weekday",
    "the answer"."flight_count" AS "flight_count"
  FROM "the groups" AS "the answer"
  ORDER BY
    1 ASC,
    2 ASC,
    3 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN (
  SELECT
    "the answer"."flight_date:year" AS "flight_date:year",
    "the answer"."flight_date:month" AS "flight_date:month",
    "the answer"."flight_date:weekday" AS "flight_date:weekday",
    "the answer"."flight_count" AS "flight_count_1"
  FROM "the groups" AS "the answer"
) AS "1 before"
  ON CAST(DATE_TRUNC('YEAR', CAST((
    "the answer"."flight_date:month" - INTERVAL '1' MONTH
  ) AS DATE)) AS DATE) = "1 before"."flight_date:year"
  AND CAST((
    "the answer"."flight_date:month" - INTERVAL '1' MONTH
  ) AS DATE) = "1 before"."flight_date:month"
  AND "the answer"."flight_date:weekday" IS NOT DISTINCT FROM "1 before"."flight_date:weekday"
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC;

-- case: a time that nothing restricts has no earlier period
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin"]}, "evol": {"scale": "month", "field": "flight_date"}}
-- binds: [5000]
SELECT
  "the answer"."origin" AS "origin",
  "the answer"."flight_count" AS "flight_count",
  "1 before"."flight_count_1" AS "flight_count_1"
FROM (
  SELECT
    "flights"."origin" AS "origin",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1
  ORDER BY
    1 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN (
  SELECT
    "flights"."origin" AS "origin",
    COUNT("flights"."flight") AS "flight_count_1"
  FROM "flights" AS "flights"
  WHERE
    FALSE
  GROUP BY
    1
) AS "1 before"
  ON "the answer"."origin" IS NOT DISTINCT FROM "1 before"."origin"
ORDER BY
  1 ASC;
