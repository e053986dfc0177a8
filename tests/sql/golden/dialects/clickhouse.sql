-- topic: dates cut short
-- filled: limit
SELECT
  CAST(toStartOfWeek(CAST("samples"."day" AS Nullable(Date32)), 1) AS Nullable(Date32)) AS "day:week",
  CAST(dateTrunc('MONTH', CAST(CAST("samples"."day" AS Nullable(Date32)) AS Nullable(Date32))) AS Nullable(Date32)) AS "day:month",
  CAST(dateTrunc('QUARTER', CAST(CAST("samples"."day" AS Nullable(Date32)) AS Nullable(Date32))) AS Nullable(Date32)) AS "day:quarter",
  makeDate32(toYear("samples"."day"), CASE WHEN toMonth("samples"."day") > 6 THEN 7 ELSE 1 END, 1) AS "day:semester",
  CAST(dateTrunc('YEAR', CAST(CAST("samples"."day" AS Nullable(Date32)) AS Nullable(Date32))) AS Nullable(Date32)) AS "day:year",
  toInt64(COUNT("samples"."id")) AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4,
  5
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC,
  4 ASC,
  5 ASC
LIMIT {p1: Int64};

-- topic: numbers of dates
-- filled: limit
SELECT
  toDayOfWeek("samples"."day") AS "day:weekday",
  MONTH("samples"."day") AS "day:month_of_year",
  DAY("samples"."day") AS "day:day_of_month",
  toInt64(COUNT("samples"."id")) AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC
LIMIT {p1: Int64};

-- topic: times cut short
-- filled: limit
SELECT
  fromUnixTimestamp64Micro(
    toUnixTimestamp64Micro(toDateTime64("samples"."at", 6, 'UTC')) - positiveModulo(toUnixTimestamp64Micro(toDateTime64("samples"."at", 6, 'UTC')), 1000000),
    'UTC'
  ) AS "at:second",
  dateTrunc('MINUTE', toDateTime64(toDateTime64("samples"."at", 6, 'UTC'), 6, 'UTC')) AS "at:minute",
  dateTrunc('HOUR', toDateTime64(toDateTime64("samples"."at", 6, 'UTC'), 6, 'UTC')) AS "at:hour",
  CAST("samples"."at" AS Nullable(Date32)) AS "at:day",
  CAST(toStartOfWeek(CAST("samples"."at" AS Nullable(Date32)), 1) AS Nullable(Date32)) AS "at:week",
  CAST(dateTrunc('MONTH', CAST(CAST("samples"."at" AS Nullable(Date32)) AS Nullable(Date32))) AS Nullable(Date32)) AS "at:month",
  toInt64(COUNT("samples"."id")) AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4,
  5,
  6
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC,
  4 ASC,
  5 ASC,
  6 ASC
LIMIT {p1: Int64};

-- topic: moments cut short
-- filled: limit
SELECT
  dateTrunc('HOUR', toDateTime64(toDateTime64("samples"."at_tz", 6, 'UTC'), 6, 'UTC')) AS "at_tz:hour",
  CAST("samples"."at_tz" AS Nullable(Date32)) AS "at_tz:day",
  HOUR(toDateTime64("samples"."at_tz", 6, 'UTC')) AS "at_tz:hour_of_day",
  toDayOfWeek("samples"."at_tz") AS "at_tz:weekday",
  toInt64(COUNT("samples"."id")) AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2,
  3,
  4
ORDER BY
  1 ASC,
  2 ASC,
  3 ASC,
  4 ASC
LIMIT {p1: Int64};

-- topic: moments in a time zone
-- filled: limit
SELECT
  toTimeZone(
    toDateTime64(
      toString(
        toDateTime64(
          dateTrunc(
            'HOUR',
            toDateTime64(
              toDateTime64(
                addSeconds(
                  toDateTime64("samples"."at_tz", 6, 'UTC'),
                  timeZoneOffset(toTimeZone("samples"."at_tz", 'Europe/Paris'))
                ),
                6,
                'UTC'
              ),
              6,
              'UTC'
            )
          ),
          6,
          'UTC'
        )
      ),
      6,
      'Europe/Paris'
    ),
    'UTC'
  ) AS "at_tz:hour",
  CAST(addSeconds(
    toDateTime64("samples"."at_tz", 6, 'UTC'),
    timeZoneOffset(toTimeZone("samples"."at_tz", 'Europe/Paris'))
  ) AS Nullable(Date32)) AS "at_tz:day",
  toInt64(COUNT("samples"."id")) AS "id_count"
FROM "samples" AS "samples"
GROUP BY
  1,
  2
ORDER BY
  1 ASC,
  2 ASC
LIMIT {p1: Int64};

-- topic: computes
-- filled: limit
SELECT
  accurateCast(sum(toInt128("samples"."whole")), 'Nullable(Int64)') AS "whole_sum",
  MIN("samples"."whole") AS "whole_min",
  AVG(CAST(CAST("samples"."whole" AS Nullable(Float64)) AS Nullable(Float64))) AS "whole_avg",
  toInt64(COUNT("samples"."whole")) AS "whole_count",
  toInt64(COUNT(DISTINCT "samples"."whole")) AS "whole_count_distinct",
  CASE
    WHEN count("samples"."whole") > 1
    THEN stddevSampStable("samples"."whole")
    ELSE NULL
  END AS "whole_stddev",
  CASE
    WHEN count("samples"."whole") > 1
    THEN varSampStable("samples"."whole")
    ELSE NULL
  END AS "whole_variance",
  SUM("samples"."price") AS "price_sum",
  AVG(CAST(CAST("samples"."price" AS Nullable(Float64)) AS Nullable(Float64))) AS "price_avg",
  SUM(CAST("samples"."ratio" AS Nullable(Float64))) AS "ratio_sum",
  AVG(CAST(CAST("samples"."ratio" AS Nullable(Float64)) AS Nullable(Float64))) AS "ratio_avg"
FROM "samples" AS "samples"
LIMIT {p1: Int64};

-- topic: percentiles
-- filled: limit
SELECT
  toString("samples"."name") AS "name",
  quantileExactInclusive(0.5)("samples"."whole") AS "whole_median",
  quantileExactInclusive(0.05)(CAST("samples"."whole" AS Nullable(Float64))) AS "whole_p05"
FROM "samples" AS "samples"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT {p1: Int64};

-- topic: approximations
-- filled: limit
SELECT
  toInt64(uniq("samples"."whole")) AS "whole_count_approx_distinct"
FROM "samples" AS "samples"
LIMIT {p1: Int64};

-- topic: text patterns
-- filled: name name name limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."name" LIKE replaceAll({p1: String}, '\\', '\\\\')
    AND NOT "samples"."name" LIKE replaceAll({p2: String}, '\\', '\\\\')
    AND "samples"."name" ILIKE replaceAll({p3: String}, '\\', '\\\\')
  )
LIMIT {p4: Int64};

-- topic: literal text
-- filled: name name name limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."name" LIKE {p1: String}
    AND "samples"."name" LIKE {p2: String}
    AND "samples"."name" LIKE {p3: String}
  )
LIMIT {p4: Int64};

-- topic: values of every type
-- filled: day at at_tz clock ok price price raw ratio limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."day" >= {p1: Date32}
    AND "samples"."at" < {p2: DateTime64(6, 'UTC')}
    AND "samples"."at_tz" < {p3: DateTime64(6, 'UTC')}
    AND "samples"."clock" > map('p4', Nullable(Time64(6)))
    AND "samples"."ok" = {p5: Bool}
    AND "samples"."price" BETWEEN {p6: Decimal(76, 38)} AND {p7: Decimal(76, 38)}
    AND "samples"."raw" = unhex({p8: String})
    AND (
      "samples"."ratio" = {p9: Float64} OR "samples"."ratio" IS NULL
    )
    AND FALSE
  )
LIMIT {p10: Int64};

-- topic: nulls last, and a page
-- filled: limit skip
SELECT
  "samples"."id" AS "id",
  toString("samples"."name") AS "name"
FROM "samples" AS "samples"
ORDER BY
  2 DESC,
  1 ASC
LIMIT {p1: Int64}
OFFSET {p2: Int64};

-- topic: distinct rows
-- filled: limit
SELECT DISTINCT
  toString("samples"."name") AS "name"
FROM "samples" AS "samples"
ORDER BY
  1 ASC
LIMIT {p1: Int64};

-- topic: division and casts
-- filled: limit
SELECT
  AVG(
    CAST(CAST(CAST("samples"."whole" AS Nullable(Float64)) / 2 AS Nullable(Float64)) AS Nullable(Float64))
  ) AS "half_avg",
  MAX(
    accurateCast(round("samples"."whole" % nullIf("samples"."id", 0)), 'Nullable(Int64)')
  ) AS "rest_max",
  SUM((
    "samples"."price" * toDecimal128('1.2', 1)
  )) AS "with_tax_sum"
FROM "samples" AS "samples"
LIMIT {p1: Int64};

-- topic: the last moment of a group
-- filled: limit
SELECT
  "the rows"."day:month" AS "day:month",
  accurateCast(
    sum(
      toInt128(
        CASE WHEN "the rows"."moment 2" = "the rows"."last 3" THEN "the rows"."value 1" END
      )
    ),
    'Nullable(Int64)'
  ) AS "stock_sum",
  AVG(
    CAST(CAST(CASE WHEN "the rows"."moment 5" = "the rows"."last 6" THEN "the rows"."value 4" END AS Nullable(Float64)) AS Nullable(Float64))
  ) AS "worth_avg",
  toInt64(COUNT("the rows"."value 7")) AS "id_count"
FROM (
  SELECT
    "the rows"."day:month" AS "day:month",
    "the rows"."value 1" AS "value 1",
    "the rows"."moment 2" AS "moment 2",
    MAX("the rows"."moment 2") OVER (PARTITION BY "the rows"."day:month", "the rows"."beside 3") AS "last 3",
    "the rows"."value 4" AS "value 4",
    "the rows"."moment 5" AS "moment 5",
    MAX("the rows"."moment 5") OVER (PARTITION BY "the rows"."day:month") AS "last 6",
    "the rows"."value 7" AS "value 7"
  FROM (
    SELECT
      CAST(dateTrunc('MONTH', CAST(CAST("samples"."day" AS Nullable(Date32)) AS Nullable(Date32))) AS Nullable(Date32)) AS "day:month",
      "samples"."whole" AS "value 1",
      (
        CASE WHEN NOT (
          "samples"."whole" IS NULL
        ) THEN "samples"."at_tz" END
      ) AS "moment 2",
      "samples"."price" AS "value 4",
      (
        CASE WHEN NOT (
          "samples"."price" IS NULL
        ) THEN "samples"."day" END
      ) AS "moment 5",
      "samples"."id" AS "value 7",
      toString("samples"."name") AS "beside 3"
    FROM "samples" AS "samples"
  ) AS "the rows"
) AS "the rows"
GROUP BY
  1
ORDER BY
  1 ASC
LIMIT {p1: Int64};

-- topic: long lists
-- filled: id id id id id id id id id name name name name name name name name name day day day day day day day day day limit
SELECT
  "samples"."id" AS "id"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."id" IN (
      {p1: Int64},
      {p2: Int64},
      {p3: Int64},
      {p4: Int64},
      {p5: Int64},
      {p6: Int64},
      {p7: Int64},
      {p8: Int64},
      {p9: Int64}
    )
    AND "samples"."name" IN (
      {p10: String},
      {p11: String},
      {p12: String},
      {p13: String},
      {p14: String},
      {p15: String},
      {p16: String},
      {p17: String},
      {p18: String}
    )
    AND NOT (
      "samples"."day" IN (
        {p19: Date32},
        {p20: Date32},
        {p21: Date32},
        {p22: Date32},
        {p23: Date32},
        {p24: Date32},
        {p25: Date32},
        {p26: Date32},
        {p27: Date32}
      )
    )
  )
LIMIT {p28: Int64};

-- topic: a sum of conditions
-- filled: limit
SELECT
  accurateCast(round(SUM(CASE WHEN "samples"."ok" THEN 1 ELSE 0 END)), 'Nullable(Int64)') AS "yes"
FROM "samples" AS "samples"
LIMIT {p1: Int64};

-- topic: the same groups a year earlier
-- filled: limit
WITH "the groups" AS (
  SELECT
    CAST(dateTrunc('MONTH', CAST(CAST("samples"."day" AS Nullable(Date32)) AS Nullable(Date32))) AS Nullable(Date32)) AS "day:month",
    toString("samples"."name") AS "name",
    toInt64(COUNT("samples"."id")) AS "id_count"
  FROM "samples" AS "samples"
  GROUP BY
    1,
    2
)
SELECT
  "the answer"."day:month" AS "day:month",
  "the answer"."name" AS "name",
  "the answer"."id_count" AS "id_count",
  "1 before"."id_count_1" AS "id_count_1"
FROM (
  SELECT
    "the answer"."day:month" AS "day:month",
    "the answer"."name" AS "name",
    "the answer"."id_count" AS "id_count"
  FROM "the groups" AS "the answer"
  ORDER BY
    1 ASC,
    2 ASC
  LIMIT {p1: Int64}
) AS "the answer"
LEFT JOIN (
  SELECT
    "the answer"."day:month" AS "day:month",
    "the answer"."name" AS "name",
    "the answer"."id_count" AS "id_count_1"
  FROM "the groups" AS "the answer"
) AS "1 before"
  ON subtractMonths(CAST("the answer"."day:month" AS Nullable(Date32)), 12) = "1 before"."day:month"
  AND "the answer"."name" IS NOT DISTINCT FROM "1 before"."name"
ORDER BY
  1 ASC,
  2 ASC;

-- topic: labels of a page, behind a row filter
-- filled: origin limit lat
SELECT
  "the answer"."dest" AS "dest",
  toString("dest_airport"."name") AS "dest_label",
  "the answer"."distance_sum" AS "distance_sum"
FROM (
  SELECT
    toString("flights"."dest") AS "dest",
    accurateCast(sum(toInt128("flights"."distance")), 'Nullable(Int64)') AS "distance_sum"
  FROM "flights" AS "flights"
  WHERE
    "flights"."origin" = {p1: String}
  GROUP BY
    1
  ORDER BY
    2 DESC,
    1 ASC
  LIMIT {p2: Int64}
) AS "the answer"
LEFT JOIN "airports" AS "dest_airport"
  ON "the answer"."dest" = "dest_airport"."faa"
  AND "dest_airport"."lat" < {p3: Float64}
ORDER BY
  3 DESC,
  1 ASC;

-- topic: how many groups there are
-- filled: 
SELECT
  COUNT(*) AS "rows"
FROM (
  SELECT
    toString("flights"."carrier") AS "carrier",
    accurateCast(sum(toInt128("flights"."distance")), 'Nullable(Int64)') AS "distance_sum"
  FROM "flights" AS "flights"
  GROUP BY
    1
) AS "the answer";
