SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."flight_date:month" AS "flight_date:month",
  "the answer"."distance_sum" AS "distance_sum",
  "the answer"."arr_delay_avg" AS "arr_delay_avg",
  "the answer"."the set" AS "the set"
FROM (
  SELECT
    "flights"."carrier" AS "carrier",
    COALESCE(
      "flights"."flight_date" - (
        CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
      ),
      "flights"."flight_date"
    ) AS "flight_date:month",
    CAST(SUM("flights"."distance") AS BIGINT) AS "distance_sum",
    AVG("flights"."arr_delay") AS "arr_delay_avg",
    GROUPING(
      "flights"."carrier",
      COALESCE(
        "flights"."flight_date" - (
          CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
        ),
        "flights"."flight_date"
      )
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
      "flights"."carrier",
      COALESCE(
        "flights"."flight_date" - (
          CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
        ),
        "flights"."flight_date"
      )
    ) <> 0
    OR CAST(SUM("flights"."distance") AS BIGINT) > $3
  ORDER BY
    5 DESC,
    CASE
      WHEN GROUPING(
        "flights"."carrier",
        COALESCE(
          "flights"."flight_date" - (
            CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
          ),
          "flights"."flight_date"
        )
      ) = 0
      THEN CAST(SUM("flights"."distance") AS BIGINT)
    END DESC,
    1 ASC,
    2 ASC
  LIMIT $4 + 1001
) AS "the answer"
LEFT JOIN "airlines" AS "airline"
  ON "the answer"."carrier" = "airline"."carrier"
ORDER BY
  6 DESC,
  CASE WHEN "the answer"."the set" = 0 THEN "the answer"."distance_sum" END DESC,
  1 ASC,
  3 ASC
