-- case: a period is half open
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": {"during": "2013-Q2"}}}
-- binds: ["2013-04-01", "2013-07-01", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
  )
LIMIT $3;

-- case: the days that end with today
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": {"during": "last 30 days"}}}
-- binds: ["2013-12-02", "2014-01-01", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
  )
LIMIT $3;
