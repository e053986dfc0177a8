-- case: a guard filters the first table
-- as: agent
-- query: {"data": {"fields": {"flight": ["count"]}}}
-- binds: ["JFK", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."origin" = $1
LIMIT $2;

-- case: a guard comes before the filter, and the two never mix
-- as: agent
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"or": [{"origin": "LGA"}, {"month": 1}]}}
-- binds: ["JFK", "LGA", 1, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."origin" = $1
  AND (
    "flights"."origin" = $2 OR "flights"."month" = $3
  )
LIMIT $4;

-- case: a guard filters a joined table where it is joined
-- as: agent
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["weather.temp"]}}
-- binds: ["JFK", "JFK", 5000]
SELECT
  "weather"."temp" AS "weather.temp",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "weather" AS "weather"
  ON "flights"."origin" = "weather"."origin"
  AND "flights"."flight_date" = "weather"."weather_date"
  AND "flights"."hour" = "weather"."hour"
  AND "weather"."origin" = $1
WHERE
  "flights"."origin" = $2
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $3;

-- case: rows behind a guard are as if they did not exist
-- as: southerner
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["dest_airport.name"]}}
-- binds: [35.0, 5000]
SELECT
  "dest_airport"."name" AS "dest_airport.name",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "airports" AS "dest_airport"
  ON "flights"."dest" = "dest_airport"."faa" AND "dest_airport"."lat" < $1
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $2;

-- case: each role of a table is guarded
-- as: southerner
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin_airport.tz", "dest_airport.tz"]}}
-- binds: [35.0, 35.0, 5000]
SELECT
  "origin_airport"."tz" AS "origin_airport.tz",
  "dest_airport"."tz" AS "dest_airport.tz",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "airports" AS "origin_airport"
  ON "flights"."origin" = "origin_airport"."faa" AND "origin_airport"."lat" < $1
LEFT JOIN "airports" AS "dest_airport"
  ON "flights"."dest" = "dest_airport"."faa" AND "dest_airport"."lat" < $2
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $3;

-- case: a label behind a guard is null
-- as: southerner
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["dest"]}}
-- binds: [5000, 35.0]
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
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa" AND "dest_airport"."lat" < $2
ORDER BY
  1 ASC;

-- case: a guarded label of a listing
-- as: southerner
-- query: {"data": {"fields": {"dest": ["select"], "flight": ["select"]}, "limit": 3}}
-- binds: [3, 35.0]
SELECT
  "the answer"."dest" AS "dest",
  "dest_airport"."name" AS "dest_label",
  "the answer"."flight" AS "flight"
FROM (
  SELECT
    "flights"."dest" AS "dest",
    "flights"."flight" AS "flight"
  FROM "flights" AS "flights"
  LIMIT $1
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa" AND "dest_airport"."lat" < $2;

-- case: a guard filters before groups are counted
-- as: agent
-- query: {"data": {"fields": {"late_share": ["select"]}}, "scale": {"fields": ["origin"]}, "filter": {"late_share": {"gt": 0.1}}}
-- binds: ["JFK", 0.1, 5000]
SELECT
  "flights"."origin" AS "origin",
  CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) AS "late_share"
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

-- case: hints count only what passes
-- as: agent
-- statement: count
-- query: {"data": {"fields": {"flight": ["count"]}, "hints": true}, "scale": {"fields": ["carrier"]}}
-- binds: ["JFK"]
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  WHERE
    "flights"."origin" = $1
  GROUP BY
    1
) AS "the answer";

-- case: a guard on a table that nobody asked about does nothing
-- as: southerner
-- query: {"data": {"fields": {"seats": ["sum"]}}}
-- binds: [5000]
SELECT
  CAST(SUM("planes"."seats") AS BIGINT) AS "seats_sum"
FROM "planes" AS "planes"
LIMIT $1;
