-- case: groups are made where the rows are
-- query: {"data": {"fields": {"distance": ["sum", "avg", "count"], "dep_delay": ["max"]}}, "scale": {"fields": ["manufacturer", "flight_date:month"]}}
-- part 'flights' of demo
SELECT
  "flights"."tailnum" AS "tailnum",
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:month",
  "flights"."distance" AS "distance",
  "flights"."dep_delay" AS "dep_delay"
FROM "flights" AS "flights"
-- part 'plane' of fleet
SELECT
  "plane"."tailnum" COLLATE BINARY AS "tailnum",
  "plane"."manufacturer" COLLATE BINARY AS "manufacturer"
FROM "planes" AS "plane"
-- rows
SELECT
  "plane"."manufacturer" AS "manufacturer",
  "flights"."flight_date:month" AS "flight_date:month",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
  AVG("flights"."distance") AS "distance_avg",
  COUNT("flights"."distance") AS "distance_count",
  MAX("flights"."dep_delay") AS "dep_delay_max"
FROM "flights" AS "flights"
LEFT JOIN "plane" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1

-- case: medians need the rows
-- query: {"data": {"fields": {"distance": ["median"]}}, "scale": {"fields": ["manufacturer"]}}
-- part 'flights' of demo
SELECT
  "flights"."tailnum" AS "tailnum",
  "flights"."distance" AS "distance"
FROM "flights" AS "flights"
-- part 'plane' of fleet
SELECT
  "plane"."tailnum" COLLATE BINARY AS "tailnum",
  "plane"."manufacturer" COLLATE BINARY AS "manufacturer"
FROM "planes" AS "plane"
-- rows
SELECT
  "plane"."manufacturer" AS "manufacturer",
  MEDIAN("flights"."distance") AS "distance_median"
FROM "flights" AS "flights"
LEFT JOIN "plane" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1

-- case: which moment is the last one is seen where the rows meet
-- query: {"data": {"fields": {"craft_miles": ["sum"], "flight": ["count"]}}, "scale": {"fields": ["manufacturer"]}}
-- part 'flights' of demo
SELECT
  "flights"."tailnum" AS "tailnum",
  "flights"."distance" AS "distance",
  "flights"."flight_date" AS "flight_date",
  "flights"."flight" AS "flight"
FROM "flights" AS "flights"
-- part 'plane' of fleet
SELECT
  "plane"."tailnum" COLLATE BINARY AS "tailnum",
  "plane"."manufacturer" COLLATE BINARY AS "manufacturer"
FROM "planes" AS "plane"
-- rows
SELECT
  "the rows"."manufacturer" AS "manufacturer",
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) AS BIGINT) AS "craft_miles_sum",
  COUNT("the rows"."value 4") AS "flight_count"
FROM (
  SELECT
    "the rows"."manufacturer" AS "manufacturer",
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."beside 2") AS "last 3",
    "the rows"."value 4" AS "value 4"
  FROM (
    SELECT
      "plane"."manufacturer" AS "manufacturer",
      "flights"."distance" AS "value 1",
      (
        CASE WHEN NOT "flights"."distance" IS NULL THEN "flights"."flight_date" END
      ) AS "moment 2",
      "flights"."flight" AS "value 4",
      "flights"."tailnum" AS "beside 2"
    FROM "flights" AS "flights"
    LEFT JOIN "plane" AS "plane"
      ON "flights"."tailnum" = "plane"."tailnum"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1

-- case: filters go to where their attributes are
-- query: {"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["dest_airport.name"]}, "filter": {"planes.year": {"gt": 2000}, "carrier": ["UA", "AA"]}, "having": {"distance": {"sum": {"gt": 1000}}}}
-- part 'plane' of fleet, kept
SELECT
  "plane"."tailnum" COLLATE BINARY AS "tailnum"
FROM "planes" AS "plane"
WHERE
  "plane"."year" > ?
-- part 'flights' of demo, narrowed by plane.tailnum
SELECT
  "flights"."dest" AS "dest",
  "flights"."tailnum" AS "tailnum",
  "flights"."distance" AS "distance"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" IN ($1, $2)
-- part 'dest_airport' of places
SELECT
  "dest_airport"."faa" AS "faa",
  "dest_airport"."name" AS "name"
FROM "airports" AS "dest_airport"
-- rows
SELECT
  "dest_airport"."name" AS "dest_airport.name",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
FROM "flights" AS "flights"
LEFT JOIN "dest_airport" AS "dest_airport"
  ON "flights"."dest" = "dest_airport"."faa"
LEFT JOIN "plane" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
WHERE
  NOT "plane"."tailnum" IS NULL
GROUP BY
  1
HAVING
  CAST(SUM("flights"."distance") AS BIGINT) > $1
ORDER BY
  1 ASC
LIMIT $2

-- case: row filters stay with their tables
-- query: {"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["dest_airport.name"]}}
-- part 'flights' of demo
SELECT
  "flights"."dest" AS "dest",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
FROM "flights" AS "flights"
WHERE
  "flights"."origin" = $1
GROUP BY
  1
-- part 'dest_airport' of places
SELECT
  "dest_airport"."faa" AS "faa",
  "dest_airport"."name" AS "name"
FROM "airports" AS "dest_airport"
-- rows
SELECT
  "dest_airport"."name" AS "dest_airport.name",
  CAST(SUM("flights"."distance_sum") AS BIGINT) AS "distance_sum"
FROM "flights" AS "flights"
LEFT JOIN "dest_airport" AS "dest_airport"
  ON "flights"."dest" = "dest_airport"."faa"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1

-- case: a label is looked up for the answer
-- query: {"data": {"fields": {"distance": ["sum"]}, "hints": true}, "scale": {"fields": ["dest"]}}
-- part 'flights' of demo
SELECT
  "flights"."dest" AS "dest",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1
-- part 'dest_label' of places
SELECT
  "dest_airport"."faa" AS "key",
  "dest_airport"."name" AS "label"
FROM "airports" AS "dest_airport"
-- rows
SELECT
  "the answer"."dest" AS "dest",
  "dest_airport"."label" AS "dest_label",
  "the answer"."distance_sum" AS "distance_sum"
FROM (
  SELECT
    "flights"."dest" AS "dest",
    "flights"."distance_sum" AS "distance_sum"
  FROM "flights" AS "flights"
  ORDER BY
    1 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN "dest_label" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."key"
ORDER BY
  1 ASC
-- count
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."dest" AS "dest",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
  FROM "flights" AS "flights"
  GROUP BY
    1
) AS "the answer"

-- case: how it was before
-- query: {"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["manufacturer", "flight_date:month"]}, "filter": {"flight_date": {"during": "2013-Q3"}}, "evol": {"scale": "month"}}
-- part 'flights' of demo
SELECT
  "flights"."tailnum" AS "tailnum",
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:month",
  "flights"."distance" AS "distance"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
  )
-- part 'plane' of fleet, kept
SELECT
  "plane"."tailnum" COLLATE BINARY AS "tailnum",
  "plane"."manufacturer" COLLATE BINARY AS "manufacturer"
FROM "planes" AS "plane"
-- part 'flights 2' of demo
SELECT
  "flights"."tailnum" AS "tailnum",
  COALESCE(
    "flights"."flight_date" - (
      CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
    ),
    "flights"."flight_date"
  ) AS "flight_date:month",
  "flights"."distance" AS "distance"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
  )
-- rows
SELECT
  "the answer"."manufacturer" AS "manufacturer",
  "the answer"."flight_date:month" AS "flight_date:month",
  "the answer"."distance_sum" AS "distance_sum",
  "1 before"."distance_sum_1" AS "distance_sum_1"
FROM (
  SELECT
    "plane"."manufacturer" AS "manufacturer",
    "flights"."flight_date:month" AS "flight_date:month",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
  FROM "flights" AS "flights"
  LEFT JOIN "plane" AS "plane"
    ON "flights"."tailnum" = "plane"."tailnum"
  GROUP BY
    1,
    2
  ORDER BY
    1 ASC,
    2 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN (
  SELECT
    "plane"."manufacturer" AS "manufacturer",
    "flights"."flight_date:month" AS "flight_date:month",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum_1"
  FROM "flights 2" AS "flights"
  LEFT JOIN "plane" AS "plane"
    ON "flights"."tailnum" = "plane"."tailnum"
  GROUP BY
    1,
    2
) AS "1 before"
  ON "the answer"."manufacturer" IS NOT DISTINCT FROM "1 before"."manufacturer"
  AND CAST((
    "the answer"."flight_date:month" - INTERVAL '1' MONTH
  ) AS DATE) = "1 before"."flight_date:month"
ORDER BY
  1 ASC,
  2 ASC

-- case: a page of rows
-- query: {"data": {"fields": {"flight": ["select"], "distance": ["select"], "model": ["select"]}, "limit": 10}}
-- part 'flights' of demo
SELECT
  "flights"."tailnum" AS "tailnum",
  "flights"."flight" AS "flight",
  "flights"."distance" AS "distance"
FROM "flights" AS "flights"
LIMIT $1
-- part 'plane' of fleet
SELECT
  "plane"."tailnum" COLLATE BINARY AS "tailnum",
  "plane"."model" COLLATE BINARY AS "model"
FROM "planes" AS "plane"
-- rows
SELECT
  "flights"."flight" AS "flight",
  "flights"."distance" AS "distance",
  "plane"."model" AS "model"
FROM "flights" AS "flights"
LEFT JOIN "plane" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
LIMIT $1
