-- case: a scale's label is looked up after grouping
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["carrier"]}}
-- binds: [5000]
SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."flight_count" AS "flight_count"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1
  ORDER BY
    1 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
ORDER BY
  1 ASC;

-- case: two labels
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["carrier", "dest"]}}
-- binds: [5000]
SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."dest" AS "dest",
  "dest_airport"."name" AS "dest_label",
  "the answer"."flight_count" AS "flight_count"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    "flights"."dest" AS "dest",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1,
    2
  ORDER BY
    1 ASC,
    2 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa"
ORDER BY
  1 ASC,
  3 ASC;

-- case: a listed attribute's label is joined
-- query: {"data": {"fields": {"carrier": ["select"], "flight": ["select"]}, "limit": 3}}
-- binds: [3]
SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."flight" AS "flight"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    "flights"."flight" AS "flight"
  FROM "flights" AS "flights"
  LIMIT $1
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier";

-- case: distinct keys with their labels
-- query: {"data": {"fields": {"dest": ["select_distinct"]}}, "table_name": "flights"}
-- binds: [5000]
SELECT
  "the answer"."dest" AS "dest",
  "dest_airport"."name" AS "dest_label"
FROM (
  SELECT DISTINCT
    "flights"."dest" AS "dest"
  FROM "flights" AS "flights"
  ORDER BY
    1 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa"
ORDER BY
  1 ASC;

-- case: an order counts the columns of the answer
-- query: {"data": {"fields": {"distance": ["sum"]}}, "scale": {"fields": ["carrier"]}, "order": {"distance": "desc"}}
-- binds: [5000]
SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."distance_sum" AS "distance_sum"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum"
  FROM "flights" AS "flights"
  GROUP BY
    1
  ORDER BY
    2 DESC,
    1 ASC
  LIMIT $1
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
ORDER BY
  3 DESC,
  1 ASC;

-- case: by a label, which is then looked up before the page is cut
-- query: {"data": {"fields": {"flight": ["count"]}, "limit": 3}, "scale": {"fields": ["carrier"]}, "order": {"carrier_label": "desc"}}
-- binds: [3]
SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."flight_count" AS "flight_count"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
ORDER BY
  2 DESC,
  1 ASC
LIMIT $1;

-- case: an aggregate has no label
-- query: {"data": {"fields": {"carrier": ["count_distinct"], "flight": ["count"]}}}
-- binds: [5000]
SELECT
  COUNT(DISTINCT "flights"."carrier") AS "carrier_count_distinct",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LIMIT $1;

-- case: the count needs no label
-- statement: count
-- query: {"data": {"fields": {"flight": ["count"]}, "hints": true}, "scale": {"fields": ["carrier"]}}
-- binds: []
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    COUNT("flights"."flight") AS "flight_count"
  FROM "flights" AS "flights"
  GROUP BY
    1
) AS "the answer";
