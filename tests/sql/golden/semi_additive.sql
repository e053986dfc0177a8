-- case: all rows at the last day that there is
-- query: {"data": {"fields": {"last_miles": ["sum", "count"]}}}
-- binds: [5000]
SELECT
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) AS BIGINT) AS "last_miles_sum",
  CAST(COALESCE(
    SUM(
      CASE WHEN "the rows"."moment 5" = "the rows"."last 6" THEN "the rows"."value 4" END
    ),
    0
  ) AS BIGINT) AS "last_miles_count"
FROM (
  SELECT
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER () AS "last 3",
    "the rows"."value 4" AS "value 4",
    "the rows"."moment 5" AS "moment 5",
    MAX("the rows"."moment 5") OVER () AS "last 6"
  FROM (
    SELECT
      "the days"."part 1" AS "value 1",
      (
        CASE WHEN NOT "the days"."part 1" IS NULL THEN "the days"."day 1" END
      ) AS "moment 2",
      CAST(NULLIF("the days"."part 2", 0) AS BIGINT) AS "value 4",
      (
        CASE
          WHEN NOT CAST(NULLIF("the days"."part 2", 0) AS BIGINT) IS NULL
          THEN "the days"."day 1"
        END
      ) AS "moment 5"
    FROM (
      SELECT
        "flights"."flight_date" AS "day 1",
        CAST(SUM("flights"."distance") AS BIGINT) AS "part 1",
        COUNT("flights"."distance") AS "part 2"
      FROM "flights" AS "flights"
      GROUP BY
        1
    ) AS "the days"
  ) AS "the rows"
) AS "the rows"
LIMIT $1;

-- case: the last day of each month, beside what adds up
-- query: {"data": {"fields": {"last_miles": ["avg"], "distance": ["sum"]}}, "scale": {"fields": ["flight_date:month"]}, "filter": {"carrier": "UA"}}
-- binds: ["UA", 5000]
SELECT
  "the rows"."flight_date:month" AS "flight_date:month",
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) / NULLIF(
    SUM(
      CASE WHEN "the rows"."moment 5" = "the rows"."last 6" THEN "the rows"."value 4" END
    ),
    0
  ) AS DOUBLE) AS "last_miles_avg",
  CAST(SUM("the rows"."value 7") AS BIGINT) AS "distance_sum"
FROM (
  SELECT
    "the rows"."flight_date:month" AS "flight_date:month",
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."flight_date:month") AS "last 3",
    "the rows"."value 4" AS "value 4",
    "the rows"."moment 5" AS "moment 5",
    MAX("the rows"."moment 5") OVER (PARTITION BY "the rows"."flight_date:month") AS "last 6",
    "the rows"."value 7" AS "value 7"
  FROM (
    SELECT
      "the days"."flight_date:month" AS "flight_date:month",
      "the days"."part 1" AS "value 1",
      (
        CASE WHEN NOT "the days"."part 1" IS NULL THEN "the days"."day 1" END
      ) AS "moment 2",
      CAST(NULLIF("the days"."part 2", 0) AS BIGINT) AS "value 4",
      (
        CASE
          WHEN NOT CAST(NULLIF("the days"."part 2", 0) AS BIGINT) IS NULL
          THEN "the days"."day 1"
        END
      ) AS "moment 5",
      "the days"."part 3" AS "value 7"
    FROM (
      SELECT
        COALESCE(
          "flights"."flight_date" - (
            CAST(DAYOFMONTH("flights"."flight_date") AS INT) - 1
          ),
          "flights"."flight_date"
        ) AS "flight_date:month",
        "flights"."flight_date" AS "day 1",
        SUM("flights"."distance") AS "part 1",
        COUNT("flights"."distance") AS "part 2",
        CAST(SUM("flights"."distance") AS BIGINT) AS "part 3"
      FROM "flights" AS "flights"
      WHERE
        "flights"."carrier" = $1
      GROUP BY
        1,
        2
    ) AS "the days"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT $2;

-- case: each aircraft has a last day of its own
-- query: {"data": {"fields": {"craft_miles": ["sum"]}, "limit": 3}, "scale": {"fields": ["carrier"]}, "order": {"craft_miles": "desc"}}
-- binds: [3]
SELECT
  "the answer"."carrier" AS "carrier",
  "airline"."name" AS "carrier_label",
  "the answer"."craft_miles_sum" AS "craft_miles_sum"
FROM (
  SELECT
    "the rows"."carrier" AS "carrier",
    CAST(SUM(
      CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
    ) AS BIGINT) AS "craft_miles_sum"
  FROM (
    SELECT
      "the rows"."carrier" AS "carrier",
      "the rows"."value 1" AS "value 1",
      "the rows"."moment 2" AS "moment 2",
      MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."carrier", "the rows"."beside 3") AS "last 3"
    FROM (
      SELECT
        "flights"."carrier" AS "carrier",
        "flights"."distance" AS "value 1",
        (
          CASE WHEN NOT "flights"."distance" IS NULL THEN "flights"."flight_date" END
        ) AS "moment 2",
        "flights"."tailnum" AS "beside 3"
      FROM "flights" AS "flights"
    ) AS "the rows"
  ) AS "the rows"
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

-- case: by an attribute of another table, tested by having
-- query: {"data": {"fields": {"last_miles": ["sum"]}}, "scale": {"fields": ["manufacturer"]}, "having": {"last_miles": {"count": {"gt": 10}}}}
-- binds: [10, 5000]
SELECT
  "the rows"."manufacturer" AS "manufacturer",
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) AS BIGINT) AS "last_miles_sum"
FROM (
  SELECT
    "the rows"."manufacturer" AS "manufacturer",
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."manufacturer") AS "last 3",
    "the rows"."value 4" AS "value 4",
    "the rows"."moment 5" AS "moment 5",
    MAX("the rows"."moment 5") OVER (PARTITION BY "the rows"."manufacturer") AS "last 6"
  FROM (
    SELECT
      "the days"."manufacturer" AS "manufacturer",
      "the days"."part 1" AS "value 1",
      (
        CASE WHEN NOT "the days"."part 1" IS NULL THEN "the days"."day 1" END
      ) AS "moment 2",
      CAST(NULLIF("the days"."part 2", 0) AS BIGINT) AS "value 4",
      (
        CASE
          WHEN NOT CAST(NULLIF("the days"."part 2", 0) AS BIGINT) IS NULL
          THEN "the days"."day 1"
        END
      ) AS "moment 5"
    FROM (
      SELECT
        "plane"."manufacturer" AS "manufacturer",
        "flights"."flight_date" AS "day 1",
        CAST(SUM("flights"."distance") AS BIGINT) AS "part 1",
        COUNT("flights"."distance") AS "part 2"
      FROM "flights" AS "flights"
      LEFT JOIN "planes" AS "plane"
        ON "flights"."tailnum" = "plane"."tailnum"
      GROUP BY
        1,
        2
    ) AS "the days"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
HAVING
  CAST(COALESCE(
    SUM(
      CASE WHEN "the rows"."moment 5" = "the rows"."last 6" THEN "the rows"."value 4" END
    ),
    0
  ) AS BIGINT) > $1
ORDER BY
  1 ASC
LIMIT $2;

-- case: in a formula that aggregates
-- query: {"data": {"fields": {"craft_mean": ["select"]}}, "scale": {"fields": ["origin"]}, "filter": {"craft_mean": {"gt": 1}}}
-- binds: [1.0, 5000]
SELECT
  "the rows"."origin" AS "origin",
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) / NULLIF(COUNT("the rows"."value 4"), 0) AS DOUBLE) AS "craft_mean"
FROM (
  SELECT
    "the rows"."origin" AS "origin",
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."origin", "the rows"."beside 3") AS "last 3",
    "the rows"."value 4" AS "value 4"
  FROM (
    SELECT
      "flights"."origin" AS "origin",
      "flights"."distance" AS "value 1",
      (
        CASE WHEN NOT "flights"."distance" IS NULL THEN "flights"."flight_date" END
      ) AS "moment 2",
      "flights"."carrier" AS "value 4",
      "flights"."tailnum" AS "beside 3"
    FROM "flights" AS "flights"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
HAVING
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) / NULLIF(COUNT("the rows"."value 4"), 0) AS DOUBLE) > $1
ORDER BY
  1 ASC
LIMIT $2;

-- case: how it was a month before
-- query: {"data": {"fields": {"last_miles": ["sum"]}}, "filter": {"flight_date": {"during": "2013-03"}}, "evol": {"scale": "month"}}
-- binds: ["2013-03-01", "2013-04-01", 5000, "2013-02-01", "2013-03-01"]
SELECT
  "the answer"."last_miles_sum" AS "last_miles_sum",
  "1 before"."last_miles_sum_1" AS "last_miles_sum_1"
FROM (
  SELECT
    CAST(SUM(
      CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
    ) AS BIGINT) AS "last_miles_sum"
  FROM (
    SELECT
      "the rows"."value 1" AS "value 1",
      "the rows"."moment 2" AS "moment 2",
      MAX("the rows"."moment 2") OVER () AS "last 3"
    FROM (
      SELECT
        "the days"."part 1" AS "value 1",
        (
          CASE WHEN NOT "the days"."part 1" IS NULL THEN "the days"."day 1" END
        ) AS "moment 2"
      FROM (
        SELECT
          "flights"."flight_date" AS "day 1",
          CAST(SUM("flights"."distance") AS BIGINT) AS "part 1"
        FROM "flights" AS "flights"
        WHERE
          (
            "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
          )
        GROUP BY
          1
      ) AS "the days"
    ) AS "the rows"
  ) AS "the rows"
  LIMIT $3
) AS "the answer"
LEFT JOIN (
  SELECT
    CAST(SUM(
      CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
    ) AS BIGINT) AS "last_miles_sum_1"
  FROM (
    SELECT
      "the rows"."value 1" AS "value 1",
      "the rows"."moment 2" AS "moment 2",
      MAX("the rows"."moment 2") OVER () AS "last 3"
    FROM (
      SELECT
        "the days"."part 1" AS "value 1",
        (
          CASE WHEN NOT "the days"."part 1" IS NULL THEN "the days"."day 1" END
        ) AS "moment 2"
      FROM (
        SELECT
          "flights"."flight_date" AS "day 1",
          CAST(SUM("flights"."distance") AS BIGINT) AS "part 1"
        FROM "flights" AS "flights"
        WHERE
          (
            "flights"."flight_date" >= $4 AND "flights"."flight_date" < $5
          )
        GROUP BY
          1
      ) AS "the days"
    ) AS "the rows"
  ) AS "the rows"
  HAVING
    COUNT(*) > 0
) AS "1 before"
  ON 1 = 1;

-- case: a row is a row in a listing
-- query: {"data": {"fields": {"last_miles": ["select"]}, "limit": 2}, "filter": {"last_miles": {"gt": 4000}}}
-- binds: [4000, 2]
SELECT
  "flights"."distance" AS "last_miles"
FROM "flights" AS "flights"
WHERE
  "flights"."distance" > $1
LIMIT $2;

-- case: a row filter decides what is the last day
-- query: {"data": {"fields": {"last_miles": ["sum"]}}}
-- as: agent
-- binds: ["JFK", 5000]
SELECT
  CAST(SUM(
    CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
  ) AS BIGINT) AS "last_miles_sum"
FROM (
  SELECT
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER () AS "last 3"
  FROM (
    SELECT
      "the days"."part 1" AS "value 1",
      (
        CASE WHEN NOT "the days"."part 1" IS NULL THEN "the days"."day 1" END
      ) AS "moment 2"
    FROM (
      SELECT
        "flights"."flight_date" AS "day 1",
        CAST(SUM("flights"."distance") AS BIGINT) AS "part 1"
      FROM "flights" AS "flights"
      WHERE
        "flights"."origin" = $1
      GROUP BY
        1
    ) AS "the days"
  ) AS "the rows"
) AS "the rows"
LIMIT $2;
