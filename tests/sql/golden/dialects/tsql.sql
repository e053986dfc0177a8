-- topic: dates cut short
-- filled: limit
SELECT
TOP (?)
  CAST(DATETRUNC(ISO_WEEK, [samples].[day]) AS DATE) AS [day:week],
  CAST(DATETRUNC(MONTH, [samples].[day]) AS DATE) AS [day:month],
  CAST(DATETRUNC(QUARTER, [samples].[day]) AS DATE) AS [day:quarter],
  DATEFROMPARTS(YEAR([samples].[day]), CASE WHEN MONTH([samples].[day]) <= 6 THEN 1 ELSE 7 END, 1) AS [day:semester],
  CAST(DATETRUNC(YEAR, [samples].[day]) AS DATE) AS [day:year],
  COUNT_BIG([samples].[id]) AS [id_count]
FROM [samples] AS [samples]
GROUP BY
  CAST(DATETRUNC(ISO_WEEK, [samples].[day]) AS DATE),
  CAST(DATETRUNC(MONTH, [samples].[day]) AS DATE),
  CAST(DATETRUNC(QUARTER, [samples].[day]) AS DATE),
  DATEFROMPARTS(YEAR([samples].[day]), CASE WHEN MONTH([samples].[day]) <= 6 THEN 1 ELSE 7 END, 1),
  CAST(DATETRUNC(YEAR, [samples].[day]) AS DATE)
ORDER BY
  CASE
    WHEN CAST(DATETRUNC(ISO_WEEK, [samples].[day]) AS DATE) IS NULL
    THEN 1
    ELSE 0
  END ASC,
  1 ASC,
  CASE WHEN CAST(DATETRUNC(MONTH, [samples].[day]) AS DATE) IS NULL THEN 1 ELSE 0 END ASC,
  2 ASC,
  CASE
    WHEN CAST(DATETRUNC(QUARTER, [samples].[day]) AS DATE) IS NULL
    THEN 1
    ELSE 0
  END ASC,
  3 ASC,
  CASE
    WHEN DATEFROMPARTS(YEAR([samples].[day]), CASE WHEN MONTH([samples].[day]) <= 6 THEN 1 ELSE 7 END, 1) IS NULL
    THEN 1
    ELSE 0
  END ASC,
  4 ASC,
  CASE WHEN CAST(DATETRUNC(YEAR, [samples].[day]) AS DATE) IS NULL THEN 1 ELSE 0 END ASC,
  5 ASC;

-- topic: numbers of dates
-- filled: limit
SELECT
TOP (?)
  (
    DATEDIFF(
      DAY,
      CAST(CAST('0001-01-01' AS DATE) AS DATETIME2),
      CAST([samples].[day] AS DATETIME2)
    ) % 7 + 1
  ) AS [day:weekday],
  MONTH([samples].[day]) AS [day:month_of_year],
  DAY([samples].[day]) AS [day:day_of_month],
  COUNT_BIG([samples].[id]) AS [id_count]
FROM [samples] AS [samples]
GROUP BY
  (
    DATEDIFF(
      DAY,
      CAST(CAST('0001-01-01' AS DATE) AS DATETIME2),
      CAST([samples].[day] AS DATETIME2)
    ) % 7 + 1
  ),
  MONTH([samples].[day]),
  DAY([samples].[day])
ORDER BY
  CASE
    WHEN (
      DATEDIFF(
        DAY,
        CAST(CAST('0001-01-01' AS DATE) AS DATETIME2),
        CAST([samples].[day] AS DATETIME2)
      ) % 7 + 1
    ) IS NULL
    THEN 1
    ELSE 0
  END ASC,
  1 ASC,
  CASE WHEN MONTH([samples].[day]) IS NULL THEN 1 ELSE 0 END ASC,
  2 ASC,
  CASE WHEN DAY([samples].[day]) IS NULL THEN 1 ELSE 0 END ASC,
  3 ASC;

-- topic: times cut short
-- filled: limit
SELECT
TOP (?)
  DATETRUNC(SECOND, [samples].[at]) AS [at:second],
  DATETRUNC(MINUTE, [samples].[at]) AS [at:minute],
  DATETRUNC(HOUR, [samples].[at]) AS [at:hour],
  CAST([samples].[at] AS DATE) AS [at:day],
  CAST(DATETRUNC(ISO_WEEK, [samples].[at]) AS DATE) AS [at:week],
  CAST(DATETRUNC(MONTH, [samples].[at]) AS DATE) AS [at:month],
  COUNT_BIG([samples].[id]) AS [id_count]
FROM [samples] AS [samples]
GROUP BY
  DATETRUNC(SECOND, [samples].[at]),
  DATETRUNC(MINUTE, [samples].[at]),
  DATETRUNC(HOUR, [samples].[at]),
  CAST([samples].[at] AS DATE),
  CAST(DATETRUNC(ISO_WEEK, [samples].[at]) AS DATE),
  CAST(DATETRUNC(MONTH, [samples].[at]) AS DATE)
ORDER BY
  CASE WHEN DATETRUNC(SECOND, [samples].[at]) IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC,
  CASE WHEN DATETRUNC(MINUTE, [samples].[at]) IS NULL THEN 1 ELSE 0 END ASC,
  2 ASC,
  CASE WHEN DATETRUNC(HOUR, [samples].[at]) IS NULL THEN 1 ELSE 0 END ASC,
  3 ASC,
  CASE WHEN CAST([samples].[at] AS DATE) IS NULL THEN 1 ELSE 0 END ASC,
  4 ASC,
  CASE
    WHEN CAST(DATETRUNC(ISO_WEEK, [samples].[at]) AS DATE) IS NULL
    THEN 1
    ELSE 0
  END ASC,
  5 ASC,
  CASE WHEN CAST(DATETRUNC(MONTH, [samples].[at]) AS DATE) IS NULL THEN 1 ELSE 0 END ASC,
  6 ASC;

-- topic: moments cut short
-- filled: limit
SELECT
TOP (?)
  DATETRUNC(HOUR, [samples].[at_tz]) AS [at_tz:hour],
  CAST([samples].[at_tz] AS DATE) AS [at_tz:day],
  DATEPART(HOUR, [samples].[at_tz]) AS [at_tz:hour_of_day],
  (
    DATEDIFF(
      DAY,
      CAST(CAST('0001-01-01' AS DATE) AS DATETIME2),
      CAST([samples].[at_tz] AS DATETIME2)
    ) % 7 + 1
  ) AS [at_tz:weekday],
  COUNT_BIG([samples].[id]) AS [id_count]
FROM [samples] AS [samples]
GROUP BY
  DATETRUNC(HOUR, [samples].[at_tz]),
  CAST([samples].[at_tz] AS DATE),
  DATEPART(HOUR, [samples].[at_tz]),
  (
    DATEDIFF(
      DAY,
      CAST(CAST('0001-01-01' AS DATE) AS DATETIME2),
      CAST([samples].[at_tz] AS DATETIME2)
    ) % 7 + 1
  )
ORDER BY
  CASE WHEN DATETRUNC(HOUR, [samples].[at_tz]) IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC,
  CASE WHEN CAST([samples].[at_tz] AS DATE) IS NULL THEN 1 ELSE 0 END ASC,
  2 ASC,
  CASE WHEN DATEPART(HOUR, [samples].[at_tz]) IS NULL THEN 1 ELSE 0 END ASC,
  3 ASC,
  CASE
    WHEN (
      DATEDIFF(
        DAY,
        CAST(CAST('0001-01-01' AS DATE) AS DATETIME2),
        CAST([samples].[at_tz] AS DATETIME2)
      ) % 7 + 1
    ) IS NULL
    THEN 1
    ELSE 0
  END ASC,
  4 ASC;

-- topic: moments in a time zone
-- NOT_SUPPORTED: SQL Server does not know the time zone 'Europe/Paris' by this name.;

-- topic: computes
-- filled: limit
SELECT
TOP (?)
  CAST(SUM(CAST([samples].[whole] AS BIGINT)) AS BIGINT) AS [whole_sum],
  MIN([samples].[whole]) AS [whole_min],
  AVG(CAST([samples].[whole] AS FLOAT)) AS [whole_avg],
  COUNT_BIG([samples].[whole]) AS [whole_count],
  COUNT_BIG(DISTINCT [samples].[whole]) AS [whole_count_distinct],
  STDEV(CAST([samples].[whole] AS FLOAT)) AS [whole_stddev],
  VAR([samples].[whole]) AS [whole_variance],
  SUM([samples].[price]) AS [price_sum],
  AVG(CAST([samples].[price] AS FLOAT)) AS [price_avg],
  SUM([samples].[ratio]) AS [ratio_sum],
  AVG(CAST([samples].[ratio] AS FLOAT)) AS [ratio_avg]
FROM [samples] AS [samples];

-- topic: percentiles
-- NOT_SUPPORTED: SQL Server has no exact percentile or median of a group.;

-- topic: approximations
-- filled: limit
SELECT
TOP (?)
  APPROX_DISTINCT([samples].[whole]) AS [whole_count_approx_distinct]
FROM [samples] AS [samples];

-- topic: text patterns
-- filled: limit name name name
SELECT
TOP (?)
  [samples].[id] AS [id]
FROM [samples] AS [samples]
WHERE
  (
    [samples].[name] COLLATE Latin1_General_100_BIN2 LIKE REPLACE(?, '[', '[[]')
    AND NOT [samples].[name] COLLATE Latin1_General_100_BIN2 LIKE REPLACE(?, '[', '[[]')
    AND LOWER([samples].[name]) COLLATE Latin1_General_100_BIN2 LIKE REPLACE(LOWER(?), '[', '[[]')
  );

-- topic: literal text
-- filled: limit name name name
SELECT
TOP (?)
  [samples].[id] AS [id]
FROM [samples] AS [samples]
WHERE
  (
    [samples].[name] COLLATE Latin1_General_100_BIN2 LIKE REPLACE(?, '[', '\[') ESCAPE '\'
    AND [samples].[name] COLLATE Latin1_General_100_BIN2 LIKE REPLACE(?, '[', '\[') ESCAPE '\'
    AND [samples].[name] COLLATE Latin1_General_100_BIN2 LIKE REPLACE(?, '[', '\[') ESCAPE '\'
  );

-- topic: values of every type
-- filled: limit day at at_tz clock ok price price raw ratio
SELECT
TOP (?)
  [samples].[id] AS [id]
FROM [samples] AS [samples]
WHERE
  (
    [samples].[day] >= ?
    AND [samples].[at] < ?
    AND [samples].[at_tz] < ?
    AND [samples].[clock] > ?
    AND [samples].[ok] = ?
    AND [samples].[price] BETWEEN ? AND ?
    AND [samples].[raw] = ?
    AND (
      [samples].[ratio] = ? OR [samples].[ratio] IS NULL
    )
    AND (
      1 = 0
    )
  );

-- topic: nulls last, and a page
-- filled: skip limit
SELECT
  [samples].[id] AS [id],
  [samples].[name] AS [name]
FROM [samples] AS [samples]
ORDER BY
  2 DESC,
  CASE WHEN [samples].[id] IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC
OFFSET ? ROWS
FETCH FIRST ? ROWS ONLY;

-- topic: distinct rows
-- filled: limit
SELECT
TOP (?)
  [samples].[name] AS [name]
FROM [samples] AS [samples]
GROUP BY
  [samples].[name]
ORDER BY
  CASE WHEN [samples].[name] IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC;

-- topic: division and casts
-- filled: limit
SELECT
TOP (?)
  AVG(CAST(CAST([samples].[whole] AS FLOAT) / 2 AS FLOAT)) AS [half_avg],
  MAX(CAST([samples].[whole] % NULLIF([samples].[id], 0) AS BIGINT)) AS [rest_max],
  SUM((
    [samples].[price] * 1.2
  )) AS [with_tax_sum]
FROM [samples] AS [samples];

-- topic: the last moment of a group
-- filled: limit
SELECT
TOP (?)
  [the rows].[day:month] AS [day:month],
  CAST(SUM(
    CAST(CASE WHEN [the rows].[moment 2] = [the rows].[last 3] THEN [the rows].[value 1] END AS BIGINT)
  ) AS BIGINT) AS [stock_sum],
  AVG(
    CAST(CASE WHEN [the rows].[moment 5] = [the rows].[last 6] THEN [the rows].[value 4] END AS FLOAT)
  ) AS [worth_avg],
  COUNT_BIG([the rows].[value 7]) AS [id_count]
FROM (
  SELECT
    [the rows].[day:month] AS [day:month],
    [the rows].[value 1] AS [value 1],
    [the rows].[moment 2] AS [moment 2],
    MAX([the rows].[moment 2]) OVER (PARTITION BY [the rows].[day:month], [the rows].[beside 3]) AS [last 3],
    [the rows].[value 4] AS [value 4],
    [the rows].[moment 5] AS [moment 5],
    MAX([the rows].[moment 5]) OVER (PARTITION BY [the rows].[day:month]) AS [last 6],
    [the rows].[value 7] AS [value 7]
  FROM (
    SELECT
      CAST(DATETRUNC(MONTH, [samples].[day]) AS DATE) AS [day:month],
      [samples].[whole] AS [value 1],
      (
        CASE WHEN NOT [samples].[whole] IS NULL THEN [samples].[at_tz] END
      ) AS [moment 2],
      [samples].[price] AS [value 4],
      (
        CASE WHEN NOT [samples].[price] IS NULL THEN [samples].[day] END
      ) AS [moment 5],
      [samples].[id] AS [value 7],
      [samples].[name] AS [beside 3]
    FROM [samples] AS [samples]
  ) AS [the rows]
) AS [the rows]
GROUP BY
  [the rows].[day:month]
ORDER BY
  CASE WHEN [the rows].[day:month] IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC;

-- topic: long lists
-- filled: limit id id id id id id id id id name name name name name name name name name day day day day day day day day day
SELECT
TOP (?)
  [samples].[id] AS [id]
FROM [samples] AS [samples]
WHERE
  (
    [samples].[id] IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND [samples].[name] IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
    AND NOT [samples].[day] IN (?, ?, ?, ?, ?, ?, ?, ?, ?)
  );

-- topic: a sum of conditions
-- filled: limit
SELECT
TOP (?)
  CAST(SUM(CASE WHEN [samples].[ok] <> 0 THEN 1 ELSE 0 END) AS BIGINT) AS [yes]
FROM [samples] AS [samples];

-- topic: the same groups a year earlier
-- filled: limit
WITH [the groups] AS (
  SELECT
    CAST(DATETRUNC(MONTH, [samples].[day]) AS DATE) AS [day:month],
    [samples].[name] AS [name],
    COUNT_BIG([samples].[id]) AS [id_count]
  FROM [samples] AS [samples]
  GROUP BY
    CAST(DATETRUNC(MONTH, [samples].[day]) AS DATE),
    [samples].[name]
)
SELECT
  [the answer].[day:month] AS [day:month],
  [the answer].[name] AS [name],
  [the answer].[id_count] AS [id_count],
  [1 before].[id_count_1] AS [id_count_1]
FROM (
  SELECT
  TOP (?)
    [the answer].[day:month] AS [day:month],
    [the answer].[name] AS [name],
    [the answer].[id_count] AS [id_count]
  FROM [the groups] AS [the answer]
  ORDER BY
    CASE WHEN [the answer].[day:month] IS NULL THEN 1 ELSE 0 END ASC,
    1 ASC,
    CASE WHEN [the answer].[name] IS NULL THEN 1 ELSE 0 END ASC,
    2 ASC
) AS [the answer]
LEFT JOIN (
  SELECT
    [the answer].[day:month] AS [day:month],
    [the answer].[name] AS [name],
    [the answer].[id_count] AS [id_count_1]
  FROM [the groups] AS [the answer]
) AS [1 before]
  ON CAST(DATEADD(MONTH, -12, [the answer].[day:month]) AS DATE) = [1 before].[day:month]
  AND [the answer].[name] IS NOT DISTINCT FROM [1 before].[name]
ORDER BY
  CASE WHEN [the answer].[day:month] IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC,
  CASE WHEN [the answer].[name] IS NULL THEN 1 ELSE 0 END ASC,
  2 ASC;

-- topic: labels of a page, behind a row filter
-- filled: limit origin lat
SELECT
  [the answer].[dest] AS [dest],
  [dest_airport].[name] AS [dest_label],
  [the answer].[distance_sum] AS [distance_sum]
FROM (
  SELECT
  TOP (?)
    [flights].[dest] AS [dest],
    CAST(SUM(CAST([flights].[distance] AS BIGINT)) AS BIGINT) AS [distance_sum]
  FROM [flights] AS [flights]
  WHERE
    [flights].[origin] = ?
  GROUP BY
    [flights].[dest]
  ORDER BY
    2 DESC,
    CASE WHEN [flights].[dest] IS NULL THEN 1 ELSE 0 END ASC,
    1 ASC
) AS [the answer]
LEFT JOIN [airports] AS [dest_airport]
  ON [the answer].[dest] = [dest_airport].[faa] AND [dest_airport].[lat] < ?
ORDER BY
  3 DESC,
  CASE WHEN [the answer].[dest] IS NULL THEN 1 ELSE 0 END ASC,
  1 ASC;

-- topic: how many groups there are
-- filled: 
SELECT
  COUNT(*) AS [rows]
FROM (
  SELECT
    [flights].[carrier] AS [carrier],
    CAST(SUM(CAST([flights].[distance] AS BIGINT)) AS BIGINT) AS [distance_sum]
  FROM [flights] AS [flights]
  GROUP BY
    [flights].[carrier]
) AS [the answer];
