-- topic: dates cut short
-- filled: limit
SELECT
  CAST(DATE_TRUNC('WEEK', "samples"."day") AS DATE) AS "day:week",
  CAST(DATE_TRUNC('MONTH', "samples"."day") AS DATE) AS "day:month",
  CAST(DATE_TRUNC('QUARTER', "samples"."day") AS DATE) AS "day:quarter",
  CAST(DATEADD(
    MONTH,
    CASE WHEN EXTRACT(MONTH FROM "samples"."day") > 6 THEN 6 ELSE 0 END,
    CAST(DATE_TRUNC('YEAR', "samples"."day") AS DATE)
  ) AS DATE) AS "day:semester",
  CAST(DATE_TRUNC('YEAR', "samples"."day") AS DATE) AS "day:year",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4,
  5
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC,
  4 ASC,
  5 ASC
LIMIT $1;

-- topic: numbers of dates
-- filled: limit
SELECT
  (
    (
      EXTRACT(DOW FROM "samples"."day") + 6
    ) % 7 + 1
  ) AS "day:weekday",
  EXTRACT(MONTH FROM "samples"."day") AS "day:month_of_year",
  EXTRACT(DAY FROM "samples"."day") AS "day:day_of_month",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC
LIMIT $1;

-- topic: times cut short
-- filled: limit
SELECT
  DATE_TRUNC('SECOND', "samples"."at") AS "at:second",
  DATE_TRUNC('MINUTE', "samples"."at") AS "at:minute",
  DATE_TRUNC('HOUR', "samples"."at") AS "at:hour",
  CAST("samples"."at" AS DATE) AS "at:day",
  CAST(DATE_TRUNC('WEEK', "samples"."at") AS DATE) AS "at:week",
  CAST(DATE_TRUNC('MONTH', "samples"."at") AS DATE) AS "at:month",
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
  1 ASC,
  2 ASC,
  3 ASC,
  4 ASC,
  5 ASC,
  6 ASC
LIMIT $1;

-- topic: moments cut short
-- filled: limit
SELECT
  DATE_TRUNC('HOUR', "samples"."at_tz") AS "at_tz:hour",
  CAST("samples"."at_tz" AS DATE) AS "at_tz:day",
  EXTRACT(HOUR FROM "samples"."at_tz") AS "at_tz:hour_of_day",
  (
    (
      EXTRACT(DOW FROM "samples"."at_tz") + 6
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
  1 ASC,
  2 ASC,
  3 ASC,
  4 ASC
LIMIT $1;

-- topic: moments in a time zone
-- filled: limit
SELECT
  DATE_TRUNC('HOUR', "samples"."at_tz" AT TIME ZONE 'Europe/Paris') AT TIME ZONE 'Europe/Paris' AS "at_tz:hour",
  CAST("samples"."at_tz" AT TIME ZONE 'Europe/Paris' AS DATE) AS "at_tz:day",
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- topic: computes
-- filled: limit
SELECT
  CAST(SUM("samples"."whole") AS BIGINT) AS "whole_sum",
  MIN("samples"."whole") AS "whole_min",
  AVG(CAST("samples"."whole" AS DOUBLE PRECISION)) AS "whole_avg",
  COUNT("samples"."whole") AS "whole_count",
  COUNT(DISTINCT "samples"."whole") AS "whole_count_distinct",
  STDDEV(CAST("samples"."whole" AS DOUBLE PRECISION)) AS "whole_stddev",
  VAR_SAMP(CAST("samples"."whole" AS DOUBLE PRECISION)) AS "whole_variance",
  SUM("samples"."price") AS "price_sum",
  AVG(CAST("samples"."price" AS DOUBLE PRECISION)) AS "price_avg",
  SUM("samples"."ratio") AS "ratio_sum",
  AVG(CAST("samples"."ratio" AS DOUBLE PRECISION)) AS "ratio_avg"
FROM "samples" AS "samples"
LIMIT $1;

-- topic: percentiles
-- filled: limit
SELECT
  "samples"."name" AS "name",
  MEDIAN(CAST("samples"."whole" AS DOUBLE PRECISION)) AS "whole_median",
  PERCENTILE_CONT(0.05) WITHIN GROUP (ORDER BY
    CAST("samples"."whole" AS DOUBLE PRECISION)) AS "whole_p05"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- topic: approximations
-- filled: limit
SELECT
  APPROXIMATE COUNT(DISTINCT "samples"."whole") AS "whole_count_approx_distinct"
FROM "samples" AS "samples"
LIMIT $1;

-- topic: text patterns
-- filled: name name name limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."name" LIKE REPLACE($1, '\\', '\\\\')
    AND NOT "samples"."name" LIKE REPLACE($2, '\\', '\\\\')
    AND "samples"."name" ILIKE REPLACE($3, '\\', '\\\\')
  )
LIMIT $4;

-- topic: literal text
-- filled: name name name limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."name" LIKE $1 AND "samples"."name" LIKE $2 AND "samples"."name" LIKE $3
  )
LIMIT $4;

-- topic: values of every type
-- filled: day at at_tz clock ok price price raw ratio limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."day" >= $1
    AND "samples"."at" < $2
    AND "samples"."at_tz" < $3
    AND "samples"."clock" > $4
    AND "samples"."ok" = $5
    AND "samples"."price" BETWEEN $6 AND $7
    AND "samples"."raw" = $8
    AND (
      "samples"."ratio" = $9 OR "samples"."ratio" IS NULL
    )
    AND FALSE
  )
LIMIT $10;

-- topic: nulls last, and a page
-- filled: limit skip
SELECT
  "samples"."id" AS "id",
  "samples"."name" AS "name"
FROM "samples" AS "samples"
ORDER BY
  2 DESC NULLS LAST,
  1 ASC
LIMIT $1
OFFSET $2;

-- topic: distinct rows
-- filled: limit
SELECT DISTINCT
  "samples"."name" AS "name"
FROM "samples" AS "samples"
ORDER BY
  1 ASC
LIMIT $1;

-- topic: division and casts
-- filled: limit
SELECT
  AVG(CAST(CAST("samples"."whole" AS DOUBLE PRECISION) / 2 AS DOUBLE PRECISION)) AS "half_avg",
  MAX(CAST("samples"."whole" % NULLIF("samples"."id", 0) AS BIGINT)) AS "rest_max",
  SUM((
    "samples"."price" * 1.2
  )) AS "with_tax_sum"
FROM "samples" AS "samples"
LIMIT $1;

-- topic: the last moment of a group
-- filled: limit
SELECT
  "the rows"."day:month" AS "day:month",
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) AS BIGINT) AS "stock_sum",
  AVG(
    CAST(CASE WHEN "the rows"."moment 5" = "the rows"."last 6" THEN "the rows"."value 4" END AS DOUBLE PRECISION)
  ) AS "worth_avg",
  COUNT("the rows"."value 7") AS "id_count"
FROM (
  SELECT
    "the rows"."day:month" AS "day:month",
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."day:month", "the rows"."beside 3") AS "last 3",
    "the rows"."value 4" AS "value 4",
    "the rows"."moment 5" AS "moment 5",
    MAX("the rows"."moment 5") OVER (PARTITION BY "the rows"."day:month") AS "last 6",
    "the rows"."value 7" AS "value 7"
  FROM (
    SELECT
      CAST(DATE_TRUNC('MONTH', "samples"."day") AS DATE) AS "day:month",
      "samples"."whole" AS "value 1",
      (
        CASE WHEN NOT "samples"."whole" IS NULL THEN "samples"."at_tz" END
      ) AS "moment 2",
      "samples"."price" AS "value 4",
      (
        CASE WHEN NOT "samples"."price" IS NULL THEN "samples"."day" END
      ) AS "moment 5",
      "samples"."id" AS "value 7",
      "samples"."name" AS "beside 3"
    FROM "samples" AS "samples"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- topic: long lists
-- filled: id id id id id id id id id name name name name name name name name name day day day day day day day day day limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."id" IN ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    AND "samples"."name" IN ($10, $11, $12, $13, $14, $15, $16, $17, $18)
    AND NOT "samples"."day" IN ($19, $20, $21, $22, $23, $24, $25, $26, $27)
  )
LIMIT $28;

-- topic: a sum of conditions
-- filled: limit
SELECT
  CAST(SUM(CASE WHEN "samples"."ok" THEN 1 ELSE 0 END) AS BIGINT) AS "yes"
FROM "samples" AS "samples"
LIMIT $1;

-- topic: the same groups a year earlier
-- filled: limit
WITH "the groups" AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', "samples"."day") AS DATE) AS "day:month",
    "samples"."name" AS "name",
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
    1 ASC,
    2 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN (
  SELECT
    "the answer"."day:month" AS "day:month",
    "the answer"."name" AS "name",
    "the answer"."id_count" AS "id_count_1"
  FROM "the groups" AS "the answer"
) AS "1 before"
  ON CAST(DATEADD(MONTH, -12, "the answer"."day:month") AS DATE) = "1 before"."day:month"
  AND (
    "the answer"."name" = "1 before"."name"
    OR (
      "the answer"."name" IS NULL AND "1 before"."name" IS NULL
    )
  )
ORDER BY
  1 ASC,
  2 ASC;

-- topic: labels of a page, behind a row filter
-- filled: origin limit lat
SELECT
  "the answer"."dest" AS "dest",
  "dest_airport"."name" AS "dest_label",
  "the answer"."distance_sum" AS "distance_sum"
FROM (
  SELECT
    "flights"."dest" AS "dest",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
  FROM "flights" AS "flights"
  WHERE
    "flights"."origin" = $1
  GROUP BY
    1
  ORDER BY
    2 DESC NULLS LAST,
    1 ASC
  LIMIT $2
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa" AND "dest_airport"."lat" < $3
ORDER BY
  3 DESC NULLS LAST,
  1 ASC;

-- topic: how many groups there are
-- filled: 
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
  FROM "flights" AS "flights"
  GROUP BY
    1
) AS "the answer";
