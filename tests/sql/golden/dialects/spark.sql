-- topic: dates cut short
-- filled: limit
SELECT
  CAST(DATE_TRUNC('WEEK', `samples`.`day`) AS DATE) AS `day:week`,
  CAST(DATE_TRUNC('MONTH', `samples`.`day`) AS DATE) AS `day:month`,
  CAST(DATE_TRUNC('QUARTER', `samples`.`day`) AS DATE) AS `day:quarter`,
  MAKE_DATE(YEAR(`samples`.`day`), CASE WHEN MONTH(`samples`.`day`) <= 6 THEN 1 ELSE 7 END, 1) AS `day:semester`,
  CAST(DATE_TRUNC('YEAR', `samples`.`day`) AS DATE) AS `day:year`,
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
LIMIT :p1;

-- topic: numbers of dates
-- filled: limit
SELECT
  (
    WEEKDAY(`samples`.`day`) + 1
  ) AS `day:weekday`,
  MONTH(`samples`.`day`) AS `day:month_of_year`,
  DAY(`samples`.`day`) AS `day:day_of_month`,
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
LIMIT :p1;

-- topic: times cut short
-- filled: limit
SELECT
  CAST(DATE_TRUNC('SECOND', `samples`.`at`) AS TIMESTAMP_NTZ) AS `at:second`,
  CAST(DATE_TRUNC('MINUTE', `samples`.`at`) AS TIMESTAMP_NTZ) AS `at:minute`,
  CAST(DATE_TRUNC('HOUR', `samples`.`at`) AS TIMESTAMP_NTZ) AS `at:hour`,
  CAST(`samples`.`at` AS DATE) AS `at:day`,
  CAST(DATE_TRUNC('WEEK', `samples`.`at`) AS DATE) AS `at:week`,
  CAST(DATE_TRUNC('MONTH', `samples`.`at`) AS DATE) AS `at:month`,
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
LIMIT :p1;

-- topic: moments cut short
-- filled: limit
SELECT
  DATE_TRUNC('HOUR', `samples`.`at_tz`) AS `at_tz:hour`,
  CAST(`samples`.`at_tz` AS DATE) AS `at_tz:day`,
  HOUR(`samples`.`at_tz`) AS `at_tz:hour_of_day`,
  (
    WEEKDAY(`samples`.`at_tz`) + 1
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
LIMIT :p1;

-- topic: moments in a time zone
-- filled: limit
SELECT
  TO_UTC_TIMESTAMP(
    CAST(DATE_TRUNC('HOUR', FROM_UTC_TIMESTAMP(CAST(`samples`.`at_tz` AS TIMESTAMP), 'Europe/Paris')) AS TIMESTAMP),
    'Europe/Paris'
  ) AS `at_tz:hour`,
  CAST(FROM_UTC_TIMESTAMP(CAST(`samples`.`at_tz` AS TIMESTAMP), 'Europe/Paris') AS DATE) AS `at_tz:day`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2
ORDER BY
  1 ASC NULLS LAST,
  2 ASC NULLS LAST
LIMIT :p1;

-- topic: computes
-- filled: limit
SELECT
  CAST(SUM(`samples`.`whole`) AS BIGINT) AS `whole_sum`,
  MIN(`samples`.`whole`) AS `whole_min`,
  AVG(`samples`.`whole`) AS `whole_avg`,
  COUNT(`samples`.`whole`) AS `whole_count`,
  COUNT(DISTINCT `samples`.`whole`) AS `whole_count_distinct`,
  STDDEV(`samples`.`whole`) AS `whole_stddev`,
  VARIANCE(`samples`.`whole`) AS `whole_variance`,
  SUM(`samples`.`price`) AS `price_sum`,
  AVG(CAST(`samples`.`price` AS DOUBLE)) AS `price_avg`,
  SUM(`samples`.`ratio`) AS `ratio_sum`,
  AVG(`samples`.`ratio`) AS `ratio_avg`
FROM `samples` AS `samples`
LIMIT :p1;

-- topic: percentiles
-- filled: limit
SELECT
  `samples`.`name` AS `name`,
  MEDIAN(`samples`.`whole`) AS `whole_median`,
  PERCENTILE(`samples`.`whole`, 0.05) AS `whole_p05`
FROM `samples` AS `samples`
GROUP BY
  1
ORDER BY
  1 ASC NULLS LAST
LIMIT :p1;

-- topic: approximations
-- filled: limit
SELECT
  APPROX_COUNT_DISTINCT(`samples`.`whole`) AS `whole_count_approx_distinct`
FROM `samples` AS `samples`
LIMIT :p1;

-- topic: text patterns
-- filled: name name name limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`name` LIKE REPLACE(:p1, '\\', '\\\\')
    AND NOT `samples`.`name` LIKE REPLACE(:p2, '\\', '\\\\')
    AND `samples`.`name` ILIKE REPLACE(:p3, '\\', '\\\\')
  )
LIMIT :p4;

-- topic: literal text
-- filled: name name name limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`name` LIKE :p1
    AND `samples`.`name` LIKE :p2
    AND `samples`.`name` LIKE :p3
  )
LIMIT :p4;

-- topic: values of every type
-- filled: day at at_tz clock ok price price raw ratio limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`day` >= :p1
    AND `samples`.`at` < CAST(:p2 AS TIMESTAMP_NTZ)
    AND `samples`.`at_tz` < CAST(:p3 AS TIMESTAMP)
    AND `samples`.`clock` > CAST(:p4 AS TIMESTAMP)
    AND `samples`.`ok` = :p5
    AND `samples`.`price` BETWEEN :p6 AND :p7
    AND `samples`.`raw` = :p8
    AND (
      `samples`.`ratio` = :p9 OR `samples`.`ratio` IS NULL
    )
    AND FALSE
  )
LIMIT :p10;

-- topic: nulls last, and a page
-- filled: limit skip
SELECT
  `samples`.`id` AS `id`,
  `samples`.`name` AS `name`
FROM `samples` AS `samples`
ORDER BY
  2 DESC,
  1 ASC NULLS LAST
LIMIT :p1
OFFSET :p2;

-- topic: distinct rows
-- filled: limit
SELECT DISTINCT
  `samples`.`name` AS `name`
FROM `samples` AS `samples`
ORDER BY
  1 ASC NULLS LAST
LIMIT :p1;

-- topic: division and casts
-- filled: limit
SELECT
  AVG(CAST(CAST(`samples`.`whole` AS DOUBLE) / 2 AS DOUBLE)) AS `half_avg`,
  MAX(CAST(`samples`.`whole` % NULLIF(`samples`.`id`, 0) AS BIGINT)) AS `rest_max`,
  SUM((
    `samples`.`price` * 1.2
  )) AS `with_tax_sum`
FROM `samples` AS `samples`
LIMIT :p1;

-- topic: the last moment of a group
-- filled: limit
SELECT
  `the rows`.`day:month` AS `day:month`,
  CAST(SUM(
    CASE WHEN `the rows`.`moment 2` = `the rows`.`last 3` THEN `the rows`.`value 1` END
  ) AS BIGINT) AS `stock_sum`,
  AVG(
    CAST(CASE WHEN `the rows`.`moment 5` = `the rows`.`last 6` THEN `the rows`.`value 4` END AS DOUBLE)
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
      CAST(DATE_TRUNC('MONTH', `samples`.`day`) AS DATE) AS `day:month`,
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
LIMIT :p1;

-- topic: long lists
-- filled: id id id id id id id id id name name name name name name name name name day day day day day day day day day limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`id` IN (:p1, :p2, :p3, :p4, :p5, :p6, :p7, :p8, :p9)
    AND `samples`.`name` IN (:p10, :p11, :p12, :p13, :p14, :p15, :p16, :p17, :p18)
    AND NOT `samples`.`day` IN (:p19, :p20, :p21, :p22, :p23, :p24, :p25, :p26, :p27)
  )
LIMIT :p28;

-- topic: a sum of conditions
-- filled: limit
SELECT
  CAST(SUM(CASE WHEN `samples`.`ok` THEN 1 ELSE 0 END) AS BIGINT) AS `yes`
FROM `samples` AS `samples`
LIMIT :p1;

-- topic: the same groups a year earlier
-- filled: limit
WITH `the groups` AS (
  SELECT
    CAST(DATE_TRUNC('MONTH', `samples`.`day`) AS DATE) AS `day:month`,
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
  LIMIT :p1
) AS `the answer`
LEFT JOIN (
  SELECT
    `the answer`.`day:month` AS `day:month`,
    `the answer`.`name` AS `name`,
    `the answer`.`id_count` AS `id_count_1`
  FROM `the groups` AS `the answer`
) AS `1 before`
  ON CAST((
    `the answer`.`day:month` - INTERVAL '12' MONTH
  ) AS DATE) = `1 before`.`day:month`
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
    CAST(SUM(`flights`.`distance`) AS BIGINT) AS `distance_sum`
  FROM `flights` AS `flights`
  WHERE
    `flights`.`origin` = :p1
  GROUP BY
    1
  ORDER BY
    2 DESC,
    1 ASC NULLS LAST
  LIMIT :p2
) AS `the answer`
LEFT JOIN `airports` AS `dest_airport`
  ON `the answer`.`dest` = `dest_airport`.`faa` AND `dest_airport`.`lat` < :p3
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
    CAST(SUM(`flights`.`distance`) AS BIGINT) AS `distance_sum`
  FROM `flights` AS `flights`
  GROUP BY
    1
) AS `the answer`;
