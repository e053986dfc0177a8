-- case: each compute of a group
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin"]}, "having": {"distance": {"sum": {"gt": 1000}, "avg": {"between": [100, 2000]}}, "tailnum": {"count_distinct": [1, 2]}}}
-- binds: [1000, 100.0, 2000.0, 1, 2, 5000]
SELECT
  "flights"."origin" AS "origin",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
GROUP BY
  1
HAVING
  (
    CAST(SUM("flights"."distance") AS BIGINT) > $1
    AND AVG("flights"."distance") BETWEEN $2 AND $3
    AND COUNT(DISTINCT "flights"."tailnum") IN ($4, $5)
  )
ORDER BY
  1 ASC
LIMIT $6;

-- case: beside a filter on an aggregate
-- query: {"data": {"fields": {"flight": ["count"]}}, "scale": {"fields": ["origin"]}, "filter": {"late_share": {"gt": 0.2}, "month": 1}, "having": {"late_share": {"select": {"lt": 0.3}}}}
-- binds: [1, 0.2, 0.3, 5000]
SELECT
  "flights"."origin" AS "origin",
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."month" = $1
GROUP BY
  1
HAVING
  (
    CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) > $2
    AND CAST(SUM(CASE WHEN "flights"."arr_delay" > 15 THEN 1 ELSE 0 END) / NULLIF(COUNT("flights"."arr_delay"), 0) AS DOUBLE) < $3
  )
ORDER BY
  1 ASC
LIMIT $4;
