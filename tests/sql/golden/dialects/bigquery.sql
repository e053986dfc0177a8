-- topic: dates cut short
-- filled: limit
SELECT
  DATE_TRUNC(CAST(`samples`.`day` AS DATE), ISOWEEK) AS `day:week`,
  DATE_TRUNC(CAST(`samples`.`day` AS DATE), MONTH) AS `day:month`,
  DATE_TRUNC(CAST(`samples`.`day` AS DATE), QUARTER) AS `day:quarter`,
  DATE(
    EXTRACT(YEAR FROM `samples`.`day`),
    CASE WHEN EXTRACT(MONTH FROM `samples`.`day`) <= 6 THEN 1 ELSE 7 END,
    1
  ) AS `day:semester`,
  DATE_TRUNC(CAST(`samples`.`day` AS DATE), YEAR) AS `day:year`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2,
  3,
  4,
  5
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST,
  4 ASC NULLS LAST,
  5 ASC NULLS LAST
LIMIT ?;

-- topic: numbers of dates
-- filled: limit
SELECT
  (
    MOD(EXTRACT(DAYOFWEEK FROM `samples`.`day`) + 5, 7) + 1
  ) AS `day:weekday`,
  EXTRACT(MONTH FROM `samples`.`day`) AS `day:month_of_year`,
  EXTRACT(DAY FROM `samples`.`day`) AS `day:day_of_month`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2,
  3
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST
LIMIT ?;

-- topic: times cut short
-- filled: limit
SELECT
  DATETIME_TRUNC(`samples`.`at`, SECOND) AS `at:second`,
  DATETIME_TRUNC(`samples`.`at`, MINUTE) AS `at:minute`,
  DATETIME_TRUNC(`samples`.`at`, HOUR) AS `at:hour`,
  CAST(`samples`.`at` AS DATE) AS `at:day`,
  DATE_TRUNC(CAST(`samples`.`at` AS DATE), ISOWEEK) AS `at:week`,
  DATE_TRUNC(CAST(`samples`.`at` AS DATE), MONTH) AS `at:month`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2,
  3,
  4,
  5,
  6
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST,
  4 ASC NULLS LAST,
  5 ASC NULLS LAST,
  6 ASC NULLS LAST
LIMIT ?;

-- topic: moments cut short
-- filled: limit
SELECT
  TIMESTAMP_TRUNC(`samples`.`at_tz`, HOUR) AS `at_tz:hour`,
  CAST(`samples`.`at_tz` AS DATE) AS `at_tz:day`,
  EXTRACT(HOUR FROM `samples`.`at_tz`) AS `at_tz:hour_of_day`,
  (
    MOD(EXTRACT(DAYOFWEEK FROM `samples`.`at_tz`) + 5, 7) + 1
  ) AS `at_tz:weekday`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2,
  3,
  4
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST,
  3 ASC NULLS LAST,
  4 ASC NULLS LAST
LIMIT ?;

-- topic: moments in a time zone
-- filled: limit
SELECT
  TIMESTAMP(DATETIME_TRUNC(DATETIME(`samples`.`at_tz`, 'Europe/Paris'), HOUR), 'Europe/Paris') AS `at_tz:hour`,
  CAST(DATETIME(`samples`.`at_tz`, 'Europe/Paris') AS DATE) AS `at_tz:day`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST
LIMIT ?;

-- topic: computes
-- filled: limit
SELECT
  CAST(SUM(`samples`.`whole`) AS INT64) AS `whole_sum`,
  MIN(`samples`.`whole`) AS `whole_min`,
  AVG(`samples`.`whole`) AS `whole_avg`,
  COUNT(`samples`.`whole`) AS `whole_count`,
  COUNT(DISTINCT `samples`.`whole`) AS `whole_count_distinct`,
  STDDEV(`samples`.`whole`) AS `whole_stddev`,
  VARIANCE(`samples`.`whole`) AS `whole_variance`,
  SUM(`samples`.`price`) AS `price_sum`,
  AVG(CAST(`samples`.`price` AS FLOAT64)) AS `price_avg`,
  SUM(`samples`.`ratio`) AS `ratio_sum`,
  AVG(`samples`.`ratio`) AS `ratio_avg`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: percentiles
-- filled: limit
SELECT
  `samples`.`name` AS `name`,
  (
    ARRAY_AGG(
      CAST(`samples`.`whole` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`samples`.`whole` AS FLOAT64)
    )[SAFE_OFFSET(CAST(FLOOR((
      COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
    ) * CAST('0.5' AS NUMERIC)) AS INT64))] + (
      (
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.5' AS NUMERIC) - FLOOR((
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.5' AS NUMERIC))
    ) * (
      ARRAY_AGG(
        CAST(`samples`.`whole` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`samples`.`whole` AS FLOAT64)
      )[SAFE_OFFSET(CAST(CEIL((
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.5' AS NUMERIC)) AS INT64))] - ARRAY_AGG(
        CAST(`samples`.`whole` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`samples`.`whole` AS FLOAT64)
      )[SAFE_OFFSET(CAST(FLOOR((
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.5' AS NUMERIC)) AS INT64))]
    )
  ) AS `whole_median`,
  (
    ARRAY_AGG(
      CAST(`samples`.`whole` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`samples`.`whole` AS FLOAT64)
    )[SAFE_OFFSET(CAST(FLOOR((
      COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
    ) * CAST('0.05' AS NUMERIC)) AS INT64))] + (
      (
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.05' AS NUMERIC) - FLOOR((
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.05' AS NUMERIC))
    ) * (
      ARRAY_AGG(
        CAST(`samples`.`whole` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`samples`.`whole` AS FLOAT64)
      )[SAFE_OFFSET(CAST(CEIL((
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.05' AS NUMERIC)) AS INT64))] - ARRAY_AGG(
        CAST(`samples`.`whole` AS FLOAT64) IGNORE NULLS ORDER BY CAST(`samples`.`whole` AS FLOAT64)
      )[SAFE_OFFSET(CAST(FLOOR((
        COUNT(CAST(`samples`.`whole` AS FLOAT64)) - 1
      ) * CAST('0.05' AS NUMERIC)) AS INT64))]
    )
  ) AS `whole_p05`
FROM `samples` AS `samples`
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT ?;

-- topic: approximations
-- filled: limit
SELECT
  APPROX_COUNT_DISTINCT(`samples`.`whole`) AS `whole_count_approx_distinct`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: text patterns
-- filled: name name name limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`name` LIKE REPLACE(?, '\\', '\\\\')
    AND NOT `samples`.`name` LIKE REPLACE(?, '\\', '\\\\')
    AND LOWER(`samples`.`name`) LIKE LOWER(REPLACE(?, '\\', '\\\\'))
  )
LIMIT ?;

-- topic: literal text
-- filled: name name name limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`name` LIKE ? AND `samples`.`name` LIKE ? AND `samples`.`name` LIKE ?
  )
LIMIT ?;

-- topic: values of every type
-- filled: day at at_tz clock ok price price raw ratio limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`day` >= ?
    AND `samples`.`at` < ?
    AND `samples`.`at_tz` < ?
    AND `samples`.`clock` > ?
    AND `samples`.`ok` = ?
    AND `samples`.`price` BETWEEN ? AND ?
    AND `samples`.`raw` = ?
    AND (
      `samples`.`ratio` = ? OR `samples`.`ratio` IS NULL
    )
    AND FALSE
  )
LIMIT ?;

-- topic: nulls last, and a page
-- filled: limit skip
SELECT
  `samples`.`id` AS `id`,
  `samples`.`name` AS `name`
FROM `samples` AS `samples`
ORDER BY
  2 DESC,
  1 ASC NULLS LAST
LIMIT ?
OFFSET ?;

-- topic: distinct rows
-- filled: limit
SELECT DISTINCT
  `samples`.`name` AS `name`
FROM `samples` AS `samples`
ORDER BY
  1 ASC NULLS LAST
LIMIT ?;

-- topic: division and casts
-- filled: limit
SELECT
  AVG(CAST(CAST(`samples`.`whole` AS FLOAT64) / 2 AS FLOAT64)) AS `half_avg`,
  MAX(CAST(MOD(`samples`.`whole`, NULLIF(`samples`.`id`, 0)) AS INT64)) AS `rest_max`,
  SUM((
    `samples`.`price` * CAST('1.2' AS NUMERIC)
  )) AS `with_tax_sum`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: the last moment of a group
-- filled: limit
SELECT
  `the rows`.`day:month` AS `day:month`,
  CAST(SUM(
    CASE WHEN `the rows`.`moment 2` = `the rows`.`last 3` THEN `the rows`.`value 1` END
  ) AS INT64) AS `stock_sum`,
  AVG(
    CAST(CASE WHEN `the rows`.`moment 5` = `the rows`.`last 6` THEN `the rows`.`value 4` END AS FLOAT64)
  ) AS `worth_avg`,
  COUNT(`the rows`.`value 7`) AS `id_count`
FROM (
  SELECT
    `the rows`.`day:month` AS `day:month`,
    `the rows`.`value 1` AS `value 1`,
    `the rows`.`moment 2` AS `moment 2`,
    MAX(`the rows`.`moment 2`) OVER (PARTITION BY `the rows`.`day:month`, `the rows`.`beside 3`) AS `last 3`,
    `the rows`.`value 4` AS `value 4`,
    `the rows`.`moment 5` AS `moment 5`,
    MAX(`the rows`.`moment 5`) OVER (PARTITION BY `the rows`.`day:month`) AS `last 6`,
    `the rows`.`value 7` AS `value 7`
  FROM (
    SELECT
      DATE_TRUNC(CAST(`samples`.`day` AS DATE), MONTH) AS `day:month`,
      `samples`.`whole` AS `value 1`,
      (
        CASE WHEN NOT `samples`.`whole` IS NULL THEN `samples`.`at_tz` END
      ) AS `moment 2`,
      `samples`.`price` AS `value 4`,
      (
        CASE WHEN NOT `samples`.`price` IS NULL THEN `samples`.`day` END
      ) AS `moment 5`,
      `samples`.`id` AS `value 7`,
      `samples`.`name` AS `beside 3`
    FROM `samples` AS `samples`
  ) AS `the rows`
) AS `the rows`
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT ?;

-- topic: long lists
-- filled: id id id id id id id id id name name name name name name name name name day day day day day day day day day limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`id` IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND `samples`.`name` IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND NOT `samples`.`day` IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
  )
LIMIT ?;

-- topic: a sum of conditions
-- filled: limit
SELECT
  CAST(SUM(CASE WHEN `samples`.`ok` THEN 1 ELSE 0 END) AS INT64) AS `yes`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: the same groups a year earlier
-- filled: limit
WITH `the groups` AS (
  SELECT
    DATE_TRUNC(CAST(`samples`.`day` AS DATE), MONTH) AS `day:month`,
    `samples`.`name` AS `name`,
    COUNT(`samples`.`id`) AS `id_count`
  FROM `samples` AS `samples`
  GROUP BY
    1,
    2
)
SELECT
  `the answer`.`day:month` AS `day:month`,
  `the answer`.`name` AS `name`,
  `the answer`.`id_count` AS `id_count`,
  `1 before`.`id_count_1` AS `id_count_1`
FROM (
  SELECT
    `the answer`.`day:month` AS `day:month`,
    `the answer`.`name` AS `name`,
    `the answer`.`id_count` AS `id_count`
  FROM `the groups` AS `the answer`
  ORDER BY
    1 ASC NULLS LAST,
    2 ASC NULLS LAST
  LIMIT ?
) AS `the answer`
LEFT JOIN (
  SELECT
    `the answer`.`day:month` AS `day:month`,
    `the answer`.`name` AS `name`,
    `the answer`.`id_count` AS `id_count_1`
  FROM `the groups` AS `the answer`
) AS `1 before`
  ON CAST(DATE_SUB(`the answer`.`day:month`, INTERVAL '12' MONTH) AS DATE) = `1 before`.`day:month`
  AND `the answer`.`name` IS NOT DISTINCT FROM `1 before`.`name`
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST;

-- topic: labels of a page, behind a row filter
-- filled: origin limit lat
SELECT
  `the answer`.`dest` AS `dest`,
  `dest_airport`.`name` AS `dest_label`,
  `the answer`.`distance_sum` AS `distance_sum`
FROM (
  SELECT
    `flights`.`dest` AS `dest`,
    CAST(SUM(`flights`.`distance`) AS INT64) AS `distance_sum`
  FROM `flights` AS `flights`
  WHERE
    `flights`.`origin` = ?
  GROUP BY
    1
  ORDER BY
    2 DESC,
    1 ASC NULLS LAST
  LIMIT ?
) AS `the answer`
LEFT JOIN `airports` AS `dest_airport`
  ON `the answer`.`dest` = `dest_airport`.`faa` AND `dest_airport`.`lat` < ?
ORDER BY
  3 DESC,
  1 ASC NULLS LAST;

-- topic: how many groups there are
-- filled: 
SELECT
  COUNT(*) AS `rows`
FROM (
  SELECT
    `flights`.`carrier` AS `carrier`,
    CAST(SUM(`flights`.`distance`) AS INT64) AS `distance_sum`
  FROM `flights` AS `flights`
  GROUP BY
    1
) AS `the answer`;
