-- case: of rows, like any attribute
-- query: {"data": {"fields": {"gained": ["sum", "max"]}}, "filter": {"gained": {"gt": 0}}}
-- binds: [0, 5000]
SELECT
  CAST(SUM(
    CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT)
  ) AS BIGINT) AS "gained_sum",
  MAX(
    CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT)
  ) AS "gained_max"
FROM "flights" AS "flights"
WHERE
  CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT) > $1
LIMIT $2;

-- case: numbers have the language's width, not the column's
-- query: {"data": {"fields": {"square": ["sum"]}}}
-- binds: [5000]
SELECT
  CAST(SUM(
    CAST(CAST("flights"."distance" AS BIGINT) * CAST("flights"."distance" AS BIGINT) AS BIGINT)
  ) AS BIGINT) AS "square_sum"
FROM "flights" AS "flights"
LIMIT $1;

-- case: listed
-- query: {"data": {"fields": {"route": ["select"], "speed_mph": ["select"]}, "limit": 5}}
-- binds: [5]
SELECT
  (
    "flights"."origin" || '-' || "flights"."dest"
  ) AS "route",
  CAST(CAST("flights"."distance" AS BIGINT) / NULLIF(CAST("flights"."air_time" AS BIGINT), 0) * 60 AS DOUBLE) AS "speed_mph"
FROM "flights" AS "flights"
LIMIT $1;

-- case: as a scale
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["haul"]}}
-- binds: [5000]
SELECT
  (
    CASE
      WHEN CAST(CAST("flights"."distance" AS BIGINT) * CAST("flights"."distance" AS BIGINT) AS BIGINT) > 1000000
      THEN 'long'
      ELSE 'short'
    END
  ) AS "haul",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a division by zero is null
-- world: samples
-- query: {"data": {"fields": {"half": ["select"], "rest": ["select"], "id": ["select"]}}}
-- binds: [5000]
SELECT
  CAST("samples"."whole" / 2 AS DOUBLE) AS "half",
  CAST("samples"."whole" % NULLIF("samples"."id", 0) AS BIGINT) AS "rest",
  "samples"."id" AS "id"
FROM "samples" AS "samples"
LIMIT $1;

-- case: an exact formula stays exact, a rough one is a float
-- world: samples
-- query: {"data": {"fields": {"with_tax": ["sum"], "rough_tax": ["sum"]}}}
-- binds: [5000]
SELECT
  SUM((
    "samples"."price" * 1.2
  )) AS "with_tax_sum",
  SUM(CAST("samples"."price" * 1.2 AS DOUBLE)) AS "rough_tax_sum"
FROM "samples" AS "samples"
LIMIT $1;

-- case: of groups
-- query: {"data": {"fields": {"late_share": ["select"]}}, "scale": {"fields": ["origin"]}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) AS "late_share"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: of groups, without scale
-- query: {"data": {"fields": {"late_share": ["select"], "doubtful": ["select"]}}}
-- binds: [5000]
SELECT
  CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) AS "late_share",
  CAST(CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) * 100 AS DOUBLE) AS "doubtful"
FROM "flights" AS "flights"
LIMIT $1;

-- case: of groups, over a formula of rows
-- query: {"data": {"fields": {"gained_share": ["select"]}}, "scale": {"fields": ["month"]}}
-- binds: [5000]
SELECT
  "flights"."month" AS "month",
  CAST(SUM(
    CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT)
  ) / NULLIF(
    COUNT(
      CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT)
    ),
    0
  ) AS DOUBLE) AS "gained_share"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a sum in a formula is as whole as its attribute
-- world: samples
-- query: {"data": {"fields": {"yes": ["select"]}}}
-- binds: [5000]
SELECT
  CAST(SUM(CASE WHEN "samples"."ok" THEN 1 ELSE 0 END) AS BIGINT) AS "yes"
FROM "samples" AS "samples"
LIMIT $1;

-- case: filtered after grouping
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["month"]}, "filter": {"late_share": {"gt": 0.3}, "origin": "JFK"}}
-- binds: ["JFK", 0.3, 5000]
SELECT
  "flights"."month" AS "month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."origin" = $1
GROUP BY
  1
HAVING
  CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) > $2
ORDER BY
  1 ASC
LIMIT $3;

-- case: or and not of groups alone
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["month"]}, "filter": {"or": [{"late_share": {"gt": 0.3}}, {"not": {"gained_share": {"lt": 5}}}]}}
-- binds: [0.3, 5.0, 5000]
SELECT
  "flights"."month" AS "month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
HAVING
  (
    CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) > $1
    OR NOT (
      CAST(SUM(
        CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT)
      ) / NULLIF(
        COUNT(
          CAST(CAST("flights"."dep_delay" AS BIGINT) - CAST("flights"."arr_delay" AS BIGINT) AS BIGINT)
        ),
        0
      ) AS DOUBLE) < $2
    )
  )
ORDER BY
  1 ASC
LIMIT $3;

-- case: between and lists after grouping
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["month"]}, "filter": {"late_share": {"between": [0.1, 0.3], "not_in": [0.2]}}}
-- binds: [0.1, 0.3, 0.2, 5000]
SELECT
  "flights"."month" AS "month",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
HAVING
  (
    CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) BETWEEN $1 AND $2
    AND NOT CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) = $3
  )
ORDER BY
  1 ASC
LIMIT $4;

-- case: ordered by
-- query: {"data": {"fields": {"late_share": ["select"]}}, "scale": {"fields": ["month"]}, "order": {"late_share": "desc"}}
-- binds: [5000]
SELECT
  "flights"."month" AS "month",
  CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) AS "late_share"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  2 DESC,
  1 ASC
LIMIT $1;
