SELECT
  "the answer"."carrier" AS "carrier",
  CAST("airline"."name" AS TEXT) COLLATE "C" AS "carrier_label",
  "the answer"."flight_date:month" AS "flight_date:month",
  "the answer"."distance_sum" AS "distance_sum",
  "the answer"."arr_delay_avg" AS "arr_delay_avg",
  "the answer"."the set" AS "the set"
FROM (
  SELECT
    CAST("flights"."carrier" AS TEXT) COLLATE "C" AS "carrier",
    CAST(DATE_TRUNC('MONTH', CAST("flights"."flight_date" AS TIMESTAMP)) AS DATE) AS "flight_date:month",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
    CAST(AVG("flights"."arr_delay") AS DOUBLE PRECISION) AS "arr_delay_avg",
    GROUPING(
      CAST("flights"."carrier" AS TEXT) COLLATE "C",
      CAST(DATE_TRUNC('MONTH', CAST("flights"."flight_date" AS TIMESTAMP)) AS DATE)
    ) AS "the set"
  FROM "flights" AS "flights"
  WHERE
    "flights"."origin" IN ($1, $2)
  GROUP BY
    GROUPING SETS (
      (1, 2),
      (),
      (
        2
      ),
      (
        1
      )
    )
  HAVING
    GROUPING(
      CAST("flights"."carrier" AS TEXT) COLLATE "C",
      CAST(DATE_TRUNC('MONTH', CAST("flights"."flight_date" AS TIMESTAMP)) AS DATE)
    ) <> 0
    OR CAST(SUM("flights"."distance") AS BIGINT) > $3
  ORDER BY
    5 DESC NULLS LAST,
    CASE
      WHEN GROUPING(
        CAST("flights"."carrier" AS TEXT) COLLATE "C",
        CAST(DATE_TRUNC('MONTH', CAST("flights"."flight_date" AS TIMESTAMP)) AS DATE)
      ) = 0
      THEN CAST(SUM("flights"."distance") AS BIGINT)
    END DESC NULLS LAST,
    1 ASC,
    2 ASC
  LIMIT $4 + 1001
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
ORDER BY
  6 DESC NULLS LAST,
  CASE WHEN "the answer"."the set" = 0 THEN "the answer"."distance_sum" END DESC NULLS LAST,
  1 ASC,
  3 ASC
