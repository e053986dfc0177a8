-- case: a many-to-one join by one key
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["manufacturer"]}, "order": {"flight": "desc"}}
-- binds: [5000]
SELECT
  "plane"."manufacturer" AS "manufacturer",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
GROUP BY
  1
ORDER BY
  2 DESC,
  1 ASC
LIMIT $1;

-- case: two roles of one table
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin_airport.name", "dest_airport.name"]}}
-- binds: [5000]
SELECT
  "origin_airport"."name" AS "origin_airport.name",
  "dest_airport"."name" AS "dest_airport.name",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "airports" AS "origin_airport"
  ON "flights"."origin" = "origin_airport"."faa"
LEFT JOIN "airports" AS "dest_airport"
  ON "flights"."dest" = "dest_airport"."faa"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $1;

-- case: weather by three keys
-- query: {"data": {"fields": {"flight": ["count"], "temp": ["avg"]}}, "scale": {"fields": ["origin"]}, "table_name": "flights"}
-- binds: [5000]
SELECT
  "flights"."origin" AS "origin",
  COUNT("flights"."flight") AS "flight_count",
  AVG("weather"."temp") AS "temp_avg"
FROM "flights" AS "flights"
LEFT JOIN "weather" AS "weather"
  ON "flights"."origin" = "weather"."origin"
  AND "flights"."flight_date" = "weather"."weather_date"
  AND "flights"."hour" = "weather"."hour"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a table's own name says which attribute
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["planes.year"]}}
-- binds: [5000]
SELECT
  "plane"."year" AS "planes.year",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a relationship's name does too
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["plane.year"]}}
-- binds: [5000]
SELECT
  "plane"."year" AS "plane.year",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a table's own attribute by its name
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["flights.year"]}}
-- binds: [5000]
SELECT
  "flights"."year" AS "flights.year",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a filter joins too
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"manufacturer": "BOEING"}}
-- binds: ["BOEING", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
WHERE
  "plane"."manufacturer" = $1
LIMIT $2;

-- case: one join serves all who need it
-- query: {"data": {"fields": {"seats": ["max"], "distance": ["sum"]}}, "scale": {"fields": ["manufacturer", "engines"]}, "filter": {"seats": {"gt": 100}}}
-- binds: [100, 5000]
SELECT
  "plane"."manufacturer" AS "manufacturer",
  "plane"."engines" AS "engines",
  MAX("plane"."seats") AS "seats_max",
  CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
WHERE
  "plane"."seats" > $1
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT $2;

-- case: no join where the nearest table has it
-- query: {"data": {"fields": {"tailnum": ["select"]}}, "scale": {"fields": ["tailnum"]}, "table_name": "flights"}
-- binds: [5000]
SELECT
  "flights"."tailnum" AS "tailnum"
FROM "flights" AS "flights"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $1;

-- case: a table alone
-- query: {"data": {"fields": {"seats": ["sum"]}}}
-- binds: [5000]
SELECT
  CAST(SUM("planes"."seats") AS BIGINT) AS "seats_sum"
FROM "planes" AS "planes"
LIMIT $1;

-- case: rows listed through joins
-- query: {"data": {"fields": {"flight": ["select"], "manufacturer": ["select"], "dest_airport.lat": ["select"]}, "limit": 10}}
-- binds: [10]
SELECT
  "flights"."flight" AS "flight",
  "plane"."manufacturer" AS "manufacturer",
  "dest_airport"."lat" AS "dest_airport.lat"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
LEFT JOIN "airports" AS "dest_airport"
  ON "flights"."dest" = "dest_airport"."faa"
LIMIT $1;

-- case: rows without a partner are found by null
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"manufacturer": {"is_null": true}, "origin": "LGA"}}
-- binds: ["LGA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LEFT JOIN "planes" AS "plane"
  ON "flights"."tailnum" = "plane"."tailnum"
WHERE
  (
    "plane"."manufacturer" IS NULL AND "flights"."origin" = $1
  )
LIMIT $2;
