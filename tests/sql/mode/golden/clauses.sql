-- case: a group by a column with values goes by its number
-- as: everybody
-- sql: SELECT CASE WHEN owner = 'acme' THEN 'a' ELSE 'b' END AS k, COUNT(*) FROM orders GROUP BY CASE WHEN owner = 'acme' THEN 'a' ELSE 'b' END
-- binds: [100000, 'b', 'a', 'acme']
SELECT
  CASE WHEN "orders"."owner" = $4 THEN $3 ELSE $2 END AS "k",
  COUNT(*) AS "count"
FROM (
  SELECT
    "orders"."c_owner" AS "owner"
  FROM "raw_orders" AS "orders"
) AS "orders"
GROUP BY
  1
LIMIT $1;

-- case: an order is by what is selected, nulls last
-- as: everybody
-- sql: SELECT owner AS o, SUM(amount) AS s FROM orders GROUP BY o ORDER BY s DESC, o
-- binds: [100000]
SELECT
  "orders"."owner" AS "o",
  CAST(SUM("orders"."amount") AS BIGINT) AS "s"
FROM (
  SELECT
    "orders"."c_amount" AS "amount",
    "orders"."c_owner" AS "owner"
  FROM "raw_orders" AS "orders"
) AS "orders"
GROUP BY
  "orders"."owner"
ORDER BY
  "s" DESC,
  "o" ASC
LIMIT $1;

-- case: the order of nulls is that of the dialect
-- as: everybody
-- dialect: postgres
-- sql: SELECT id FROM orders ORDER BY amount DESC
-- binds: [100000]
SELECT
  "orders"."id" AS "id"
FROM (
  SELECT
    "orders"."c_amount" AS "amount",
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
) AS "orders"
ORDER BY
  "orders"."amount" DESC NULLS FIRST
LIMIT $1;

-- case: a sum of integers over a window is an integer
-- as: everybody
-- sql: SELECT SUM(amount) OVER (PARTITION BY owner) AS s FROM orders
-- binds: [100000]
SELECT
  CAST(SUM("orders"."amount") OVER (PARTITION BY "orders"."owner") AS BIGINT) AS "s"
FROM (
  SELECT
    "orders"."c_amount" AS "amount",
    "orders"."c_owner" AS "owner"
  FROM "raw_orders" AS "orders"
) AS "orders"
LIMIT $1;

-- case: the limit of a subquery stays inside
-- as: everybody
-- sql: SELECT id FROM (SELECT id FROM orders ORDER BY id LIMIT 2) AS x LIMIT 9
-- binds: [9, 2]
SELECT
  "x"."id" AS "id"
FROM (
  SELECT
    "orders"."id" AS "id"
  FROM (
    SELECT
      "orders"."c_id" AS "id"
    FROM "raw_orders" AS "orders"
  ) AS "orders"
  ORDER BY
    "id" ASC
  LIMIT $2
) AS "x"
LIMIT $1;

-- case: a side of a union keeps its own page
-- as: everybody
-- sql: SELECT id FROM orders UNION ALL (SELECT key FROM customers ORDER BY key LIMIT 1) ORDER BY 1
-- binds: [100000, 1]
SELECT
  "orders"."id" AS "id"
FROM (
  SELECT
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
) AS "orders"
UNION ALL
SELECT
  "part"."key" AS "key"
FROM (
  SELECT
    "customers"."key" AS "key"
  FROM (
    SELECT
      "customers"."k_key" AS "key"
    FROM "raw_customers" AS "customers"
  ) AS "customers"
  ORDER BY
    "key" ASC
  LIMIT $2
) AS "part"
ORDER BY
  "id" ASC
LIMIT $1;
