-- case: a table becomes a subquery of what is used of it
-- sql: SELECT id FROM orders WHERE owner = 'acme'
-- binds: ['acme', 'corner', 100000, 'acme']
SELECT
  "orders"."id" AS "id"
FROM (
  SELECT
    "orders"."c_id" AS "id",
    "orders"."c_owner" AS "owner"
  FROM "raw_orders" AS "orders"
  WHERE
    "orders"."c_owner" IN ($1, $2)
) AS "orders"
WHERE
  "orders"."owner" = $4
LIMIT $3;

-- case: without a guard there is no WHERE
-- as: everybody
-- sql: SELECT id FROM orders
-- binds: [100000]
SELECT
  "orders"."id" AS "id"
FROM (
  SELECT
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
) AS "orders"
LIMIT $1;

-- case: a star is every visible attribute of a row, formulas worked out
-- sql: SELECT * FROM orders
-- binds: ['acme', 'corner', 100000]
SELECT
  "orders"."id" AS "id",
  "orders"."owner" AS "owner",
  "orders"."amount" AS "amount",
  "orders"."buyer" AS "buyer",
  "orders"."name" AS "name",
  "orders"."note" AS "note",
  "orders"."big" AS "big",
  "orders"."doubled" AS "doubled"
FROM (
  SELECT
    "orders"."c_amount" AS "amount",
    (
      "orders"."c_amount" > 1
    ) AS "big",
    "orders"."c_buyer" AS "buyer",
    CAST(CAST("orders"."c_amount" AS BIGINT) + CAST("orders"."c_amount" AS BIGINT) AS BIGINT) AS "doubled",
    "orders"."c_id" AS "id",
    "orders"."c_name" AS "name",
    "orders"."c_note" AS "note",
    "orders"."c_owner" AS "owner"
  FROM (
    SELECT
      CASE WHEN "rows of a table"."row may be seen" THEN "rows of a table"."c_amount" END AS "c_amount",
      CASE WHEN "rows of a table"."row may be seen" THEN "rows of a table"."c_buyer" END AS "c_buyer",
      CASE WHEN "rows of a table"."row may be seen" THEN "rows of a table"."c_id" END AS "c_id",
      CASE WHEN "rows of a table"."row may be seen" THEN "rows of a table"."c_name" END AS "c_name",
      CASE WHEN "rows of a table"."row may be seen" THEN "rows of a table"."c_note" END AS "c_note",
      CASE WHEN "rows of a table"."row may be seen" THEN "rows of a table"."c_owner" END AS "c_owner"
    FROM (
      SELECT
        "orders"."c_amount" AS "c_amount",
        "orders"."c_buyer" AS "c_buyer",
        "orders"."c_id" AS "c_id",
        "orders"."c_name" AS "c_name",
        "orders"."c_note" AS "c_note",
        "orders"."c_owner" AS "c_owner",
        (
          "orders"."c_owner" IN ($1, $2)
        ) AS "row may be seen"
      FROM "raw_orders" AS "orders"
    ) AS "rows of a table"
    WHERE
      "rows of a table"."row may be seen"
  ) AS "orders"
) AS "orders"
LIMIT $3;

-- case: counting reads no column
-- sql: SELECT COUNT(*) FROM orders
-- binds: ['acme', 'corner', 100000]
SELECT
  COUNT(*) AS "count"
FROM (
  SELECT
    1 AS "one"
  FROM "raw_orders" AS "orders"
  WHERE
    "orders"."c_owner" IN ($1, $2)
) AS "orders"
LIMIT $3;

-- case: each reading has its own guard
-- sql: SELECT o.id FROM orders AS o JOIN customers AS c ON c.key = o.buyer
-- binds: ['acme', 'corner', 'acme', 100000]
SELECT
  "o"."id" AS "id"
FROM (
  SELECT
    "orders"."c_buyer" AS "buyer",
    "orders"."c_id" AS "id"
  FROM "raw_orders" AS "orders"
  WHERE
    "orders"."c_owner" IN ($1, $2)
) AS "o"
INNER JOIN (
  SELECT
    "customers"."k_key" AS "key"
  FROM "raw_customers" AS "customers"
  WHERE
    "customers"."k_tenant" = $3
) AS "c"
  ON "c"."key" = "o"."buyer"
LIMIT $4;

-- case: an attribute of a group is worked out in place
-- as: everybody
-- sql: SELECT owner, mean FROM orders GROUP BY owner
-- binds: [100000]
SELECT
  "orders"."owner" AS "owner",
  CAST(SUM("orders"."doubled") / NULLIF(COUNT("orders"."id"), 0) AS DOUBLE) AS "mean"
FROM (
  SELECT
    CAST(CAST("orders"."c_amount" AS BIGINT) + CAST("orders"."c_amount" AS BIGINT) AS BIGINT) AS "doubled",
    "orders"."c_id" AS "id",
    "orders"."c_owner" AS "owner"
  FROM "raw_orders" AS "orders"
) AS "orders"
GROUP BY
  "orders"."owner"
LIMIT $1;
