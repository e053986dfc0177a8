-- case: by a measure, then by the scales
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin", "month"]}, "order": {"flight": "desc"}}
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
  3 DESC,
  1 ASC,
  2 ASC
LIMIT $1;

-- case: in the order written
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin", "month"]}, "order": {"month": "desc", "origin": "asc"}}
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
  2 DESC,
  1 ASC
LIMIT $1;

-- case: by one of several computes
-- query: {"data": {"fields": {"distance": ["sum", "avg"]}}, "scale": {"fields": ["origin"]}, "order": {"distance.avg": "ASC"}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
  AVG("flights"."distance") AS "distance_avg"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  3 ASC,
  1 ASC
LIMIT $1;

-- case: by a column's name
-- query: {"data": {"fields": {"distance": ["sum", "avg"]}}, "scale": {"fields": ["origin"]}, "order": {"distance_sum": "desc"}}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
  AVG("flights"."distance") AS "distance_avg"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  2 DESC,
  1 ASC
LIMIT $1;

-- case: by a granularity
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:month"]}, "order": {"flight_date:month": "desc"}}
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
  1 DESC
LIMIT $1;

-- case: by the attribute of a granularity
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flight_date:month"]}, "order": {"flight_date": "desc"}}
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
  1 DESC
LIMIT $1;

-- case: groups are always ordered by their scales
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin", "month"]}}
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

-- case: a listing has no order of its own
-- query: {"data": {"fields": {"origin": ["select"], "flight": ["select"]}, "limit": 10}}
-- binds: [10]
SELECT
  "flights"."origin" AS "origin",
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
LIMIT $1;

-- case: a page is ordered by what is selected
-- query: {"data": {"fields": {"origin": ["select"], "flight": ["select"]}, "limit": 10, "skip": 20}}
-- binds: [10, 20]
SELECT
  "flights"."origin" AS "origin",
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1
OFFSET $2;

-- case: the first page is ordered like the next
-- query: {"data": {"fields": {"origin": ["select"], "flight": ["select"]}, "limit": 10, "skip": 0}}
-- binds: [10, 0]
SELECT
  "flights"."origin" AS "origin",
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1
OFFSET $2;

-- case: an ordered listing is ordered to the end
-- query: {"data": {"fields": {"origin": ["select"], "flight": ["select"]}, "limit": 10}, "order": {"flight": "desc"}}
-- binds: [10]
SELECT
  "flights"."origin" AS "origin",
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
ORDER BY
  2 DESC,
  1 ASC
LIMIT $1;

-- case: a limit of null is the most there is
-- query: {"data": {"fields": {"flight": ["select"]}, "limit": null}}
-- binds: [1000000]
SELECT
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
LIMIT $1;

-- case: a limit of none
-- query: {"data": {"fields": {"flight": ["select"]}, "limit": 0}}
-- binds: [0]
SELECT
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
LIMIT $1;

-- case: pages of groups
-- query: {"data": {"fields": {"flight": ["count"]}, "limit": 5, "skip": 5}, "scale": {"fields": ["dest"]}}
-- binds: [5, 5]
SELECT
  "the answer"."dest" AS "dest",
  "dest_airport"."name" AS "dest_label",
  "the answer"."flight_count" AS "flight_count"
FROM (
  SELECT
    "flights"."dest" AS "dest",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1
  ORDER BY
    1 ASC
  LIMIT $1
  OFFSET $2
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa"
ORDER BY
  1 ASC;

-- case: hints count the groups without the limit
-- statement: count
-- query: {"data": {"fields": {"flight": ["count"]}, "limit": 5, "skip": 5, "hints": true}, "scale": {"fields": ["dest"]}, "filter": {"month": 1}}
-- binds: [1]
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."dest" AS "dest",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  WHERE
    "flights"."month" = $1
  GROUP BY
    1
) AS "the answer";

-- case: hints count the rows of a listing
-- statement: count
-- query: {"data": {"fields": {"origin": ["select"]}, "limit": 5, "hints": true}, "filter": {"month": 1}}
-- binds: [1]
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."origin" AS "origin"
  FROM "flights" AS "flights"
  WHERE
    "flights"."month" = $1
) AS "the answer";

-- case: hints count distinct rows
-- statement: count
-- query: {"data": {"fields": {"origin": ["select_distinct"], "month": ["select"]}, "hints": true}}
-- binds: []
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT DISTINCT
    "flights"."origin" AS "origin",
    "flights"."month" AS "month"
  FROM "flights" AS "flights"
) AS "the answer";

-- case: hints count groups that pass
-- statement: count
-- query: {"data": {"fields": {"flight": ["count"]}, "hints": true}, "scale": {"fields": ["month"]}, "filter": {"late_share": {"gt": 0.3}}}
-- binds: [0.3]
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."month" AS "month",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1
  HAVING
    CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) > $1
) AS "the answer";
