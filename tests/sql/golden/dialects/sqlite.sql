-- topic: dates cut short
-- filled: limit
SELECT
  SUBSTRING(DATE(SUBSTRING("samples"."day", 1, 10), '-6 days', 'weekday 1'), 1, 10) AS "day:week",
  SUBSTRING(DATE(SUBSTRING("samples"."day", 1, 10), 'start of month'), 1, 10) AS "day:month",
  SUBSTRING(
    DATE(
      SUBSTRING("samples"."day", 1, 10),
      'start of month',
      '-' || (
        (
          CAST(SUBSTRING("samples"."day", 6, 2) AS INTEGER) - 1
        ) % 3
      ) || ' months'
    ),
    1,
    10
  ) AS "day:quarter",
  DATE(
    SUBSTRING("samples"."day", 1, 10),
    'start of month',
    '-' || (
      (
        CAST(SUBSTRING("samples"."day", 6, 2) AS INTEGER) - 1
      ) % 6
    ) || ' months'
  ) AS "day:semester",
  SUBSTRING(DATE(SUBSTRING("samples"."day", 1, 10), 'start of year'), 1, 10) AS "day:year",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4,
  5
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST,
  4 ASC NULLS LAST,
  5 ASC NULLS LAST
LIMIT ?;

-- topic: numbers of dates
-- filled: limit
SELECT
  (
    (
      STRFTIME('%w', SUBSTRING("samples"."day", 1, 10)) + 6
    ) % 7 + 1
  ) AS "day:weekday",
  CAST(SUBSTRING("samples"."day", 6, 2) AS INTEGER) AS "day:month_of_year",
  CAST(SUBSTRING("samples"."day", 9, 2) AS INTEGER) AS "day:day_of_month",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST
LIMIT ?;

-- topic: times cut short
-- filled: limit
SELECT
  SUBSTRING(PENSTOCK_TIMESTAMP("samples"."at"), 1, 19) AS "at:second",
  SUBSTRING(PENSTOCK_TIMESTAMP("samples"."at"), 1, 16) || ':00' AS "at:minute",
  SUBSTRING(PENSTOCK_TIMESTAMP("samples"."at"), 1, 13) || ':00:00' AS "at:hour",
  SUBSTRING(PENSTOCK_TIMESTAMP("samples"."at"), 1, 10) AS "at:day",
  SUBSTRING(
    DATE(SUBSTRING(PENSTOCK_TIMESTAMP("samples"."at"), 1, 10), '-6 days', 'weekday 1'),
    1,
    10
  ) AS "at:week",
  SUBSTRING(DATE(SUBSTRING(PENSTOCK_TIMESTAMP("samples"."at"), 1, 10), 'start of month'), 1, 10) AS "at:month",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4,
  5,
  6
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST,
  4 ASC NULLS LAST,
  5 ASC NULLS LAST,
  6 ASC NULLS LAST
LIMIT ?;

-- topic: moments cut short
-- filled: limit
SELECT
  SUBSTRING(PENSTOCK_UTC("samples"."at_tz"), 1, 13) || ':00:00' AS "at_tz:hour",
  SUBSTRING(PENSTOCK_UTC("samples"."at_tz"), 1, 10) AS "at_tz:day",
  CAST(SUBSTRING(PENSTOCK_UTC("samples"."at_tz"), 12, 2) AS INTEGER) AS "at_tz:hour_of_day",
  (
    (
      STRFTIME('%w', SUBSTRING(PENSTOCK_UTC("samples"."at_tz"), 1, 10)) + 6
    ) % 7 + 1
  ) AS "at_tz:weekday",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST,
  4 ASC NULLS LAST
LIMIT ?;

-- topic: moments in a time zone
-- filled: limit
SELECT
  PENSTOCK_MOMENT(
    SUBSTRING(PENSTOCK_ZONED(PENSTOCK_UTC("samples"."at_tz"), 'Europe/Paris'), 1, 13) || ':00:00',
    'Europe/Paris'
  ) AS "at_tz:hour",
  SUBSTRING(PENSTOCK_ZONED(PENSTOCK_UTC("samples"."at_tz"), 'Europe/Paris'), 1, 10) AS "at_tz:day",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST
LIMIT ?;

-- topic: computes
-- filled: limit
SELECT
  SUM("samples"."whole") AS "whole_sum",
  MIN("samples"."whole") AS "whole_min",
  AVG("samples"."whole") AS "whole_avg",
  COUNT("samples"."whole") AS "whole_count",
  COUNT(DISTINCT "samples"."whole") AS "whole_count_distinct",
  PENSTOCK_STDDEV("samples"."whole") AS "whole_stddev",
  PENSTOCK_VARIANCE("samples"."whole") AS "whole_variance",
  PENSTOCK_SUM("samples"."price") AS "price_sum",
  PENSTOCK_AVG("samples"."price") AS "price_avg",
  SUM("samples"."ratio") AS "ratio_sum",
  AVG("samples"."ratio") AS "ratio_avg"
FROM "samples" AS "samples"
LIMIT ?;

-- topic: percentiles
-- filled: limit
SELECT
  "samples"."name" COLLATE BINARY AS "name",
  PENSTOCK_PERCENTILE("samples"."whole", 0.5) AS "whole_median",
  PENSTOCK_PERCENTILE("samples"."whole", 0.05) AS "whole_p05"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT ?;

-- topic: approximations
-- filled: limit
SELECT
  COUNT(DISTINCT "samples"."whole") AS "whole_count_approx_distinct"
FROM "samples" AS "samples"
LIMIT ?;

-- topic: text patterns
-- filled: name name name limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    PENSTOCK_LIKE("samples"."name" COLLATE BINARY, ?)
    AND NOT PENSTOCK_LIKE("samples"."name" COLLATE BINARY, ?)
    AND PENSTOCK_ILIKE("samples"."name" COLLATE BINARY, ?)
  )
LIMIT ?;

-- topic: literal text
-- filled: name name name limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    PENSTOCK_LITERAL_LIKE("samples"."name" COLLATE BINARY, ?)
    AND PENSTOCK_LITERAL_LIKE("samples"."name" COLLATE BINARY, ?)
    AND PENSTOCK_LITERAL_LIKE("samples"."name" COLLATE BINARY, ?)
  )
LIMIT ?;

-- topic: values of every type
-- filled: day at at_tz clock ok price price raw ratio limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."day" >= ?
    AND PENSTOCK_TIMESTAMP("samples"."at") < ?
    AND PENSTOCK_UTC("samples"."at_tz") < ?
    AND "samples"."clock" > ?
    AND "samples"."ok" = ?
    AND "samples"."price" BETWEEN ? AND ?
    AND "samples"."raw" = ?
    AND (
      "samples"."ratio" = ? OR "samples"."ratio" IS NULL
    )
    AND FALSE
  )
LIMIT ?;

-- topic: nulls last, and a page
-- filled: limit skip
SELECT
  "samples"."id" AS "id",
  "samples"."name" COLLATE BINARY AS "name"
FROM "samples" AS "samples"
ORDER BY
  2 DESC,
  1 ASC NULLS LAST
LIMIT ?
OFFSET ?;

-- topic: distinct rows
-- filled: limit
SELECT DISTINCT
  "samples"."name" COLLATE BINARY AS "name"
FROM "samples" AS "samples"
ORDER BY
  1 ASC NULLS LAST
LIMIT ?;

-- topic: division and casts
-- filled: limit
SELECT
  AVG(CAST(CAST("samples"."whole" AS REAL) / 2 AS REAL)) AS "half_avg",
  MAX(PENSTOCK_INTEGER("samples"."whole" % NULLIF("samples"."id", 0))) AS "rest_max",
  PENSTOCK_SUM((
    PENSTOCK_MULTIPLY("samples"."price", 1.2)
  )) AS "with_tax_sum"
FROM "samples" AS "samples"
LIMIT ?;

-- topic: the last moment of a group
-- filled: limit
SELECT
  "the rows"."day:month" AS "day:month",
  SUM(
    CASE
      WHEN PENSTOCK_UTC("the rows"."moment 2") = PENSTOCK_UTC("the rows"."last 3")
      THEN "the rows"."value 1"
    END
  ) AS "stock_sum",
  PENSTOCK_AVG(
    CASE WHEN "the rows"."moment 5" = "the rows"."last 6" THEN "the rows"."value 4" END
  ) AS "worth_avg",
  COUNT("the rows"."value 7") AS "id_count"
FROM (
  SELECT
    "the rows"."day:month" AS "day:month",
    "the rows"."value 1" AS "value 1",
    PENSTOCK_UTC("the rows"."moment 2") AS "moment 2",
    MAX(PENSTOCK_UTC("the rows"."moment 2")) OVER (PARTITION BY "the rows"."day:month", "the rows"."beside 3" COLLATE BINARY) AS "last 3",
    "the rows"."value 4" AS "value 4",
    "the rows"."moment 5" AS "moment 5",
    MAX("the rows"."moment 5") OVER (PARTITION BY "the rows"."day:month") AS "last 6",
    "the rows"."value 7" AS "value 7"
  FROM (
    SELECT
      SUBSTRING(DATE(SUBSTRING("samples"."day", 1, 10), 'start of month'), 1, 10) AS "day:month",
      "samples"."whole" AS "value 1",
      (
        CASE WHEN NOT "samples"."whole" IS NULL THEN PENSTOCK_UTC("samples"."at_tz") END
      ) AS "moment 2",
      "samples"."price" AS "value 4",
      (
        CASE WHEN NOT "samples"."price" IS NULL THEN "samples"."day" END
      ) AS "moment 5",
      "samples"."id" AS "value 7",
      "samples"."name" COLLATE BINARY AS "beside 3"
    FROM "samples" AS "samples"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT ?;

-- topic: long lists
-- filled: id id id id id id id id id name name name name name name name name name day day day day day day day day day limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."id" IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND "samples"."name" COLLATE BINARY IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND NOT "samples"."day" IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
  )
LIMIT ?;

-- topic: a sum of conditions
-- filled: limit
SELECT
  SUM(CASE WHEN "samples"."ok" THEN 1 ELSE 0 END) AS "yes"
FROM "samples" AS "samples"
LIMIT ?;

-- topic: the same groups a year earlier
-- filled: limit
WITH "the groups" AS (
  SELECT
    SUBSTRING(DATE(SUBSTRING("samples"."day", 1, 10), 'start of month'), 1, 10) AS "day:month",
    "samples"."name" COLLATE BINARY AS "name",
    COUNT("samples"."id") AS "id_count"
  FROM "samples" AS "samples"
  GROUP BY
    1,
    2
)
SELECT
  "the answer"."day:month" AS "day:month",
  "the answer"."name" AS "name",
  "the answer"."id_count" AS "id_count",
  "1 before"."id_count_1" AS "id_count_1"
FROM (
  SELECT
    "the answer"."day:month" AS "day:month",
    "the answer"."name" AS "name",
    "the answer"."id_count" AS "id_count"
  FROM "the groups" AS "the answer"
  ORDER BY
    1 ASC NULLS LAST,
    2 ASC NULLS LAST
  LIMIT ?
) AS "the answer"
LEFT JOIN (
  SELECT
    "the answer"."day:month" AS "day:month",
    "the answer"."name" AS "name",
    "the answer"."id_count" AS "id_count_1"
  FROM "the groups" AS "the answer"
) AS "1 before"
  ON MIN(
    DATE(SUBSTRING("the answer"."day:month", 1, 10), '-12 months'),
    DATE(
      SUBSTRING("the answer"."day:month", 1, 10),
      'start of month',
      '-12 months',
      '+1 months',
      '-1 day'
    )
  ) = "1 before"."day:month"
  AND "the answer"."name" IS "1 before"."name"
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST;

-- topic: labels of a page, behind a row filter
-- filled: origin limit lat
SELECT
  "the answer"."dest" AS "dest",
  "dest_airport"."name" COLLATE BINARY AS "dest_label",
  "the answer"."distance_sum" AS "distance_sum"
FROM (
  SELECT
    "flights"."dest" COLLATE BINARY AS "dest",
    SUM("flights"."distance") AS "distance_sum"
  FROM "flights" AS "flights"
  WHERE
    "flights"."origin" COLLATE BINARY = ?
  GROUP BY
    1
  ORDER BY
    2 DESC,
    1 ASC NULLS LAST
  LIMIT ?
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa" COLLATE BINARY
  AND "dest_airport"."lat" < ?
ORDER BY
  3 DESC,
  1 ASC NULLS LAST;

-- topic: how many groups there are
-- filled: 
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."carrier" COLLATE BINARY AS "carrier",
    SUM("flights"."distance") AS "distance_sum"
  FROM "flights" AS "flights"
  GROUP BY
    1
) AS "the answer";
