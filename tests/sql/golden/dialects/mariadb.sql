-- topic: dates cut short
-- filled: limit
SELECT
  CAST((
    DATE(`samples`.`day`) - INTERVAL (
      WEEKDAY(`samples`.`day`)
    ) DAY
  ) AS DATE) AS `day:week`,
  CAST((
    DATE(`samples`.`day`) - INTERVAL (
      DAYOFMONTH(`samples`.`day`) - 1
    ) DAY
  ) AS DATE) AS `day:month`,
  CAST((
    MAKEDATE(YEAR(`samples`.`day`), 1) + INTERVAL (
      QUARTER(`samples`.`day`) * 3 - 3
    ) MONTH
  ) AS DATE) AS `day:quarter`,
  (
    MAKEDATE(YEAR(`samples`.`day`), 1) + INTERVAL (
      IF(MONTH(`samples`.`day`) > 6, 6, 0)
    ) MONTH
  ) AS `day:semester`,
  CAST(MAKEDATE(YEAR(`samples`.`day`), 1) AS DATE) AS `day:year`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2,
  3,
  4,
  5
ORDER BY
  CAST((
    DATE(`samples`.`day`) - INTERVAL (
      WEEKDAY(`samples`.`day`)
    ) DAY
  ) AS DATE) IS NULL ASC,
  1 ASC,
  CAST((
    DATE(`samples`.`day`) - INTERVAL (
      DAYOFMONTH(`samples`.`day`) - 1
    ) DAY
  ) AS DATE) IS NULL ASC,
  2 ASC,
  CAST((
    MAKEDATE(YEAR(`samples`.`day`), 1) + INTERVAL (
      QUARTER(`samples`.`day`) * 3 - 3
    ) MONTH
  ) AS DATE) IS NULL ASC,
  3 ASC,
  (
    MAKEDATE(YEAR(`samples`.`day`), 1) + INTERVAL (
      IF(MONTH(`samples`.`day`) > 6, 6, 0)
    ) MONTH
  ) IS NULL ASC,
  4 ASC,
  CAST(MAKEDATE(YEAR(`samples`.`day`), 1) AS DATE) IS NULL ASC,
  5 ASC
LIMIT ?;

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
  (
    WEEKDAY(`samples`.`day`) + 1
  ) IS NULL ASC,
  1 ASC,
  MONTH(`samples`.`day`) IS NULL ASC,
  2 ASC,
  DAY(`samples`.`day`) IS NULL ASC,
  3 ASC
LIMIT ?;

-- topic: times cut short
-- filled: limit
SELECT
  (
    `samples`.`at` - INTERVAL (
      MICROSECOND(`samples`.`at`)
    ) MICROSECOND
  ) AS `at:second`,
  (
    DATE(`samples`.`at`) + INTERVAL (
      HOUR(`samples`.`at`) * 60 + MINUTE(`samples`.`at`)
    ) MINUTE
  ) AS `at:minute`,
  (
    DATE(`samples`.`at`) + INTERVAL (
      HOUR(`samples`.`at`)
    ) HOUR
  ) AS `at:hour`,
  CAST(`samples`.`at` AS DATE) AS `at:day`,
  CAST((
    DATE(`samples`.`at`) - INTERVAL (
      WEEKDAY(`samples`.`at`)
    ) DAY
  ) AS DATE) AS `at:week`,
  CAST((
    DATE(`samples`.`at`) - INTERVAL (
      DAYOFMONTH(`samples`.`at`) - 1
    ) DAY
  ) AS DATE) AS `at:month`,
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
  (
    `samples`.`at` - INTERVAL (
      MICROSECOND(`samples`.`at`)
    ) MICROSECOND
  ) IS NULL ASC,
  1 ASC,
  (
    DATE(`samples`.`at`) + INTERVAL (
      HOUR(`samples`.`at`) * 60 + MINUTE(`samples`.`at`)
    ) MINUTE
  ) IS NULL ASC,
  2 ASC,
  (
    DATE(`samples`.`at`) + INTERVAL (
      HOUR(`samples`.`at`)
    ) HOUR
  ) IS NULL ASC,
  3 ASC,
  CAST(`samples`.`at` AS DATE) IS NULL ASC,
  4 ASC,
  CAST((
    DATE(`samples`.`at`) - INTERVAL (
      WEEKDAY(`samples`.`at`)
    ) DAY
  ) AS DATE) IS NULL ASC,
  5 ASC,
  CAST((
    DATE(`samples`.`at`) - INTERVAL (
      DAYOFMONTH(`samples`.`at`) - 1
    ) DAY
  ) AS DATE) IS NULL ASC,
  6 ASC
LIMIT ?;

-- topic: moments cut short
-- filled: limit
SELECT
  (
    DATE(`samples`.`at_tz`) + INTERVAL (
      HOUR(`samples`.`at_tz`)
    ) HOUR
  ) AS `at_tz:hour`,
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
  (
    DATE(`samples`.`at_tz`) + INTERVAL (
      HOUR(`samples`.`at_tz`)
    ) HOUR
  ) IS NULL ASC,
  1 ASC,
  CAST(`samples`.`at_tz` AS DATE) IS NULL ASC,
  2 ASC,
  HOUR(`samples`.`at_tz`) IS NULL ASC,
  3 ASC,
  (
    WEEKDAY(`samples`.`at_tz`) + 1
  ) IS NULL ASC,
  4 ASC
LIMIT ?;

-- topic: moments in a time zone
-- filled: limit
SELECT
  IF(
    CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
    OR NOT (
      DATE(
        IF(
          CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
          OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
          (
            SELECT
              1
            UNION
            SELECT
              2
          ),
          CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
        )
      ) + INTERVAL (
        HOUR(
          IF(
            CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
            OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
            (
              SELECT
                1
              UNION
              SELECT
                2
            ),
            CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
          )
        )
      ) HOUR
    ) BETWEEN '1970-01-02' AND '2038-01-18',
    (
      SELECT
        1
      UNION
      SELECT
        2
    ),
    CONVERT_TZ(
      (
        DATE(
          IF(
            CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
            OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
            (
              SELECT
                1
              UNION
              SELECT
                2
            ),
            CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
          )
        ) + INTERVAL (
          HOUR(
            IF(
              CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
              OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
              (
                SELECT
                  1
                UNION
                SELECT
                  2
              ),
              CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
            )
          )
        ) HOUR
      ),
      'Europe/Paris',
      '+00:00'
    )
  ) AS `at_tz:hour`,
  CAST(IF(
    CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
    OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
    (
      SELECT
        1
      UNION
      SELECT
        2
    ),
    CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
  ) AS DATE) AS `at_tz:day`,
  COUNT(`samples`.`id`) AS `id_count`
FROM `samples` AS `samples`
GROUP BY
  1,
  2
ORDER BY
  IF(
    CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
    OR NOT (
      DATE(
        IF(
          CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
          OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
          (
            SELECT
              1
            UNION
            SELECT
              2
          ),
          CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
        )
      ) + INTERVAL (
        HOUR(
          IF(
            CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
            OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
            (
              SELECT
                1
              UNION
              SELECT
                2
            ),
            CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
          )
        )
      ) HOUR
    ) BETWEEN '1970-01-02' AND '2038-01-18',
    (
      SELECT
        1
      UNION
      SELECT
        2
    ),
    CONVERT_TZ(
      (
        DATE(
          IF(
            CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
            OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
            (
              SELECT
                1
              UNION
              SELECT
                2
            ),
            CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
          )
        ) + INTERVAL (
          HOUR(
            IF(
              CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
              OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
              (
                SELECT
                  1
                UNION
                SELECT
                  2
              ),
              CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
            )
          )
        ) HOUR
      ),
      'Europe/Paris',
      '+00:00'
    )
  ) IS NULL ASC,
  1 ASC,
  CAST(IF(
    CONVERT_TZ('2000-01-01', '+00:00', 'Europe/Paris') IS NULL
    OR NOT `samples`.`at_tz` BETWEEN '1970-01-02' AND '2038-01-18',
    (
      SELECT
        1
      UNION
      SELECT
        2
    ),
    CONVERT_TZ(`samples`.`at_tz`, '+00:00', 'Europe/Paris')
  ) AS DATE) IS NULL ASC,
  2 ASC
LIMIT ?;

-- topic: computes
-- filled: limit
SELECT
  SUM(`samples`.`whole`) AS `whole_sum`,
  MIN(`samples`.`whole`) AS `whole_min`,
  AVG(CAST(`samples`.`whole` AS DOUBLE)) AS `whole_avg`,
  COUNT(`samples`.`whole`) AS `whole_count`,
  COUNT(DISTINCT `samples`.`whole`) AS `whole_count_distinct`,
  STDDEV_SAMP(CAST(`samples`.`whole` AS DOUBLE)) AS `whole_stddev`,
  VAR_SAMP(CAST(`samples`.`whole` AS DOUBLE)) AS `whole_variance`,
  SUM(`samples`.`price`) AS `price_sum`,
  AVG(CAST(`samples`.`price` AS DOUBLE)) AS `price_avg`,
  SUM(`samples`.`ratio`) AS `ratio_sum`,
  AVG(CAST(`samples`.`ratio` AS DOUBLE)) AS `ratio_avg`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: percentiles
-- filled: limit
SELECT
  CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `name`,
  (
    (
      SUBSTRING_INDEX(
        SUBSTRING_INDEX(
          GROUP_CONCAT(`samples`.`whole` ORDER BY `samples`.`whole` SEPARATOR ','),
          ',',
          FLOOR((
            COUNT(`samples`.`whole`) - 1
          ) * 0.5) + 1
        ),
        ',',
        -1
      ) + 0e0
    ) * (
      1 - (
        (
          COUNT(`samples`.`whole`) - 1
        ) * 0.5 - FLOOR((
          COUNT(`samples`.`whole`) - 1
        ) * 0.5)
      )
    ) + (
      SUBSTRING_INDEX(
        SUBSTRING_INDEX(
          GROUP_CONCAT(`samples`.`whole` ORDER BY `samples`.`whole` SEPARATOR ','),
          ',',
          CEIL((
            COUNT(`samples`.`whole`) - 1
          ) * 0.5) + 1
        ),
        ',',
        -1
      ) + 0e0
    ) * (
      (
        COUNT(`samples`.`whole`) - 1
      ) * 0.5 - FLOOR((
        COUNT(`samples`.`whole`) - 1
      ) * 0.5)
    )
  ) AS `whole_median`,
  (
    (
      SUBSTRING_INDEX(
        SUBSTRING_INDEX(
          GROUP_CONCAT(CAST(`samples`.`whole` AS DOUBLE) ORDER BY CAST(`samples`.`whole` AS DOUBLE) SEPARATOR ','),
          ',',
          FLOOR((
            COUNT(CAST(`samples`.`whole` AS DOUBLE)) - 1
          ) * 0.05) + 1
        ),
        ',',
        -1
      ) + 0e0
    ) * (
      1 - (
        (
          COUNT(CAST(`samples`.`whole` AS DOUBLE)) - 1
        ) * 0.05 - FLOOR((
          COUNT(CAST(`samples`.`whole` AS DOUBLE)) - 1
        ) * 0.05)
      )
    ) + (
      SUBSTRING_INDEX(
        SUBSTRING_INDEX(
          GROUP_CONCAT(CAST(`samples`.`whole` AS DOUBLE) ORDER BY CAST(`samples`.`whole` AS DOUBLE) SEPARATOR ','),
          ',',
          CEIL((
            COUNT(CAST(`samples`.`whole` AS DOUBLE)) - 1
          ) * 0.05) + 1
        ),
        ',',
        -1
      ) + 0e0
    ) * (
      (
        COUNT(CAST(`samples`.`whole` AS DOUBLE)) - 1
      ) * 0.05 - FLOOR((
        COUNT(CAST(`samples`.`whole` AS DOUBLE)) - 1
      ) * 0.05)
    )
  ) AS `whole_p05`
FROM `samples` AS `samples`
GROUP BY
  1
ORDER BY
  CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin IS NULL ASC,
  1 ASC
LIMIT ?;

-- topic: approximations
-- filled: limit
SELECT
  COUNT(DISTINCT `samples`.`whole`) AS `whole_count_approx_distinct`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: text patterns
-- filled: name name name limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin LIKE REPLACE(?, '\\', '\\\\') ESCAPE '\\'
    AND NOT CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin LIKE REPLACE(?, '\\', '\\\\') ESCAPE '\\'
    AND LOWER(CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin) LIKE REPLACE(LOWER(?), '\\', '\\\\') ESCAPE '\\'
  )
LIMIT ?;

-- topic: literal text
-- filled: name name name limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin LIKE ? ESCAPE '\\'
    AND CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin LIKE ? ESCAPE '\\'
    AND CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin LIKE ? ESCAPE '\\'
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
  CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `name`
FROM `samples` AS `samples`
ORDER BY
  2 DESC,
  `samples`.`id` IS NULL ASC,
  1 ASC
LIMIT ?
OFFSET ?;

-- topic: distinct rows
-- filled: limit
SELECT DISTINCT
  CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `name`
FROM `samples` AS `samples`
ORDER BY
  CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin IS NULL ASC,
  1 ASC
LIMIT ?;

-- topic: division and casts
-- filled: limit
SELECT
  AVG(CAST(CAST(`samples`.`whole` AS DOUBLE) / 2 AS DOUBLE)) AS `half_avg`,
  MAX(ROUND(`samples`.`whole` % NULLIF(`samples`.`id`, 0))) AS `rest_max`,
  SUM((
    `samples`.`price` * 1.2
  )) AS `with_tax_sum`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: the last moment of a group
-- filled: limit
SELECT
  `the rows`.`day:month` AS `day:month`,
  SUM(
    CASE WHEN `the rows`.`moment 2` = `the rows`.`last 3` THEN `the rows`.`value 1` END
  ) AS `stock_sum`,
  AVG(
    CAST(CASE WHEN `the rows`.`moment 5` = `the rows`.`last 6` THEN `the rows`.`value 4` END AS DOUBLE)
  ) AS `worth_avg`,
  COUNT(`the rows`.`value 7`) AS `id_count`
FROM (
  SELECT
    `the rows`.`day:month` AS `day:month`,
    `the rows`.`value 1` AS `value 1`,
    `the rows`.`moment 2` AS `moment 2`,
    FIRST_VALUE(`the rows`.`moment 2`) OVER (
      PARTITION BY `the rows`.`day:month`, CAST(`the rows`.`beside 3` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin
      ORDER BY `the rows`.`moment 2` IS NULL ASC, `the rows`.`moment 2` DESC
    ) AS `last 3`,
    `the rows`.`value 4` AS `value 4`,
    `the rows`.`moment 5` AS `moment 5`,
    FIRST_VALUE(`the rows`.`moment 5`) OVER (
      PARTITION BY `the rows`.`day:month`
      ORDER BY `the rows`.`moment 5` IS NULL ASC, `the rows`.`moment 5` DESC
    ) AS `last 6`,
    `the rows`.`value 7` AS `value 7`
  FROM (
    SELECT
      CAST((
        DATE(`samples`.`day`) - INTERVAL (
          DAYOFMONTH(`samples`.`day`) - 1
        ) DAY
      ) AS DATE) AS `day:month`,
      `samples`.`whole` AS `value 1`,
      (
        CASE WHEN NOT `samples`.`whole` IS NULL THEN `samples`.`at_tz` END
      ) AS `moment 2`,
      `samples`.`price` AS `value 4`,
      (
        CASE WHEN NOT `samples`.`price` IS NULL THEN `samples`.`day` END
      ) AS `moment 5`,
      `samples`.`id` AS `value 7`,
      CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `beside 3`
    FROM `samples` AS `samples`
  ) AS `the rows`
) AS `the rows`
GROUP BY
  1
ORDER BY
  `the rows`.`day:month` IS NULL ASC,
  1 ASC
LIMIT ?;

-- topic: long lists
-- filled: id id id id id id id id id name name name name name name name name name name name name name name name name name name day day day day day day day day day limit
SELECT
  `samples`.`id` AS `id`
FROM `samples` AS `samples`
WHERE
  (
    `samples`.`id` IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND (
      `samples`.`name` IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
      AND CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    )
    AND NOT `samples`.`day` IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
  )
LIMIT ?;

-- topic: a sum of conditions
-- filled: limit
SELECT
  ROUND(SUM(CASE WHEN `samples`.`ok` THEN 1 ELSE 0 END)) AS `yes`
FROM `samples` AS `samples`
LIMIT ?;

-- topic: the same groups a year earlier
-- filled: limit
WITH `the groups` AS (
  SELECT
    CAST((
      DATE(`samples`.`day`) - INTERVAL (
        DAYOFMONTH(`samples`.`day`) - 1
      ) DAY
    ) AS DATE) AS `day:month`,
    CAST(`samples`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `name`,
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
    `the answer`.`day:month` IS NULL ASC,
    1 ASC,
    `the answer`.`name` IS NULL ASC,
    2 ASC
  LIMIT ?
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
  AND `the answer`.`name` <=> `1 before`.`name`
ORDER BY
  `the answer`.`day:month` IS NULL ASC,
  1 ASC,
  `the answer`.`name` IS NULL ASC,
  2 ASC;

-- topic: labels of a page, behind a row filter
-- filled: origin origin limit lat
SELECT
  `the answer`.`dest` AS `dest`,
  CAST(`dest_airport`.`name` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `dest_label`,
  `the answer`.`distance_sum` AS `distance_sum`
FROM (
  SELECT
    CAST(`flights`.`dest` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `dest`,
    SUM(`flights`.`distance`) AS `distance_sum`
  FROM `flights` AS `flights`
  WHERE
    (
      `flights`.`origin` = ?
      AND CAST(`flights`.`origin` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin = ?
    )
  GROUP BY
    1
  ORDER BY
    2 DESC,
    CAST(`flights`.`dest` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin IS NULL ASC,
    1 ASC
  LIMIT ?
) AS `the answer`
LEFT JOIN `airports` AS `dest_airport`
  ON `the answer`.`dest` = CAST(`dest_airport`.`faa` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin
  AND `dest_airport`.`lat` < ?
ORDER BY
  3 DESC,
  `the answer`.`dest` IS NULL ASC,
  1 ASC;

-- topic: how many groups there are
-- filled: 
SELECT
  COUNT(*) AS `rows`
FROM (
  SELECT
    CAST(`flights`.`carrier` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_nopad_bin AS `carrier`,
    SUM(`flights`.`distance`) AS `distance_sum`
  FROM `flights` AS `flights`
  GROUP BY
    1
) AS `the answer`;
