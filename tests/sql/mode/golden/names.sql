-- case: a WITH that is called as a table takes its place, and reads it
-- as: everybody
-- sql: WITH orders AS (SELECT id FROM orders) SELECT id FROM orders
-- binds: [100000]
WITH "orders_2" AS (
  SELECT
    "orders"."id" AS "id"
  FROM (
    SELECT
      "orders"."c_id" AS "id"
    FROM "raw_orders" AS "orders"
  ) AS "orders"
)
SELECT
  "orders_3"."id" AS "id"
FROM "orders_2" AS "orders_3"
LIMIT $1;

-- case: a WITH that is called as a relation of the database does not take its place
-- as: everybody
-- sql: WITH raw_orders AS (SELECT 1 AS c_id) SELECT id FROM orders
-- binds: [100000]
WITH "raw_orders_2" AS (
  SELECT
    1 AS "c_id"
)
SELECT
  "orders"."id" AS "id"
FROM (
  SELECT
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
) AS "orders"
LIMIT $1;

-- case: a subquery tells its rows from those around it
-- as: everybody
-- sql: SELECT id FROM orders AS t WHERE EXISTS (SELECT 1 FROM orders AS t WHERE t.id = 1)
-- binds: [100000]
SELECT
  "t"."id" AS "id"
FROM (
  SELECT
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
) AS "t"
WHERE
  EXISTS(
    SELECT
      1 AS "column_1"
    FROM (
      SELECT
        "orders"."c_id" AS "id"
      FROM "raw_orders" AS "orders"
    ) AS "t_2"
    WHERE
      "t_2"."id" = 1
  )
LIMIT $1;

-- case: names that are not plain are not written
-- as: everybody
-- sql: SELECT id AS "a; b" FROM orders AS "☃"
-- binds: [100000]
SELECT
  "t"."id" AS "column"
FROM (
  SELECT
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
) AS "t"
LIMIT $1;

-- case: USING makes one column of two
-- as: everybody
-- sql: SELECT name, buyer, key FROM orders FULL JOIN customers USING (name)
-- binds: [100000]
SELECT
  COALESCE("orders"."name", "customers"."name") AS "name",
  "orders"."buyer" AS "buyer",
  "customers"."key" AS "key"
FROM (
  SELECT
    "orders"."c_buyer" AS "buyer",
    "orders"."c_name" AS "name"
  FROM "raw_orders" AS "orders"
) AS "orders"
FULL JOIN (
  SELECT
    "customers"."k_key" AS "key",
    "customers"."k_name" AS "name"
  FROM "raw_customers" AS "customers"
) AS "customers"
  ON "orders"."name" = "customers"."name"
LIMIT $1;
