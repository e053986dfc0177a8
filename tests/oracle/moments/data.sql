-- What the tables of this project hold: made by arithmetic, the same every time.

CREATE TABLE towns (town VARCHAR, country VARCHAR);
INSERT INTO towns VALUES ('Linz', 'AT'), ('Graz', 'AT'), ('Žilina', 'SK'), ('Nowhere', NULL);

CREATE TABLE shops (shop VARCHAR, title VARCHAR, opened DATE, town VARCHAR);
INSERT INTO shops VALUES
  ('north', 'North & Sons', '2011-11-20', 'Linz'),
  ('south', 'South', '2012-02-29', 'Graz'),
  ('Ost', 'Ost, big', '2012-12-31', 'Linz'),
  ('ost', 'ost, small', NULL, NULL),
  ('Ž', 'Žena', '2016-02-29', 'Žilina'),
  ('shut', 'Never open', '2020-01-01', 'Atlantis');

CREATE TABLE leases (lease_shop VARCHAR, rent DECIMAL(10, 2));
INSERT INTO leases VALUES ('north', 1000.10), ('Ost', 250.25), ('ost', 99.99), ('shut', 1.00);

-- July 2013 has no entry, nor has any day of which the number can be divided by 11.
CREATE TABLE entries AS
WITH numbers AS (
  SELECT i, (i * 7919) % 1938 AS d, (i * 104729) % 86400 AS s FROM range(6000) AS r (i)
), dated AS (
  SELECT i, DATE '2011-11-20' + d::INTEGER AS day,
    CASE WHEN i % 50 = 0 THEN 0 WHEN i % 50 = 1 THEN 86399 ELSE s END AS s
  FROM numbers WHERE d % 11 <> 0
)
SELECT
  i::BIGINT AS id,
  CASE WHEN i % 101 <> 0 THEN day::TIMESTAMP + to_seconds(s) END AS "at",
  CASE WHEN i % 101 <> 0 THEN (day::TIMESTAMP + to_seconds(s)) AT TIME ZONE 'UTC' END AS at_tz,
  CASE WHEN i % 97 <> 0 THEN day END AS day,
  CASE i % 8 WHEN 0 THEN 'north' WHEN 1 THEN 'south' WHEN 2 THEN 'Ost' WHEN 3 THEN 'ost'
    WHEN 4 THEN 'Ž' WHEN 5 THEN 'gone' WHEN 6 THEN 'north' END AS shop,
  CASE WHEN i % 29 <> 0 THEN (((i * 7877) % 200000 - 50000) / 100)::DECIMAL(12, 2) END AS amount,
  CASE WHEN i % 23 <> 0 THEN ((i * 31) % 1000) / 7.0::DOUBLE END AS weight,
  CASE WHEN i % 19 <> 0 THEN (i % 13 - 2)::INTEGER END AS pieces,
  CASE i % 5 WHEN 0 THEN true WHEN 1 THEN true WHEN 2 THEN false WHEN 3 THEN false END AS paid,
  CASE (i * 17) % 12 WHEN 0 THEN '100%' WHEN 1 THEN '50_50' WHEN 2 THEN 'back\slash'
    WHEN 3 THEN 'O''Hare' WHEN 4 THEN 'Naïve' WHEN 5 THEN '' WHEN 6 THEN 'plain'
    WHEN 7 THEN 'Plain' WHEN 8 THEN 'a%b' WHEN 9 THEN '50x50' WHEN 10 THEN '"quoted"' END AS note
FROM dated
WHERE day NOT BETWEEN '2013-07-01' AND '2013-07-31';

CREATE TABLE budgets AS
SELECT (DATE '2012-01-01' + to_months(m::INTEGER))::DATE AS budget_month, shop,
  (1000 + m * 10 + length(shop))::DECIMAL(12, 2) AS planned
FROM range(36) AS r (m), (VALUES ('north'), ('south'), ('Ost'), ('shut')) AS s (shop)
WHERE m % 5 <> 4;

CREATE TABLE days AS
SELECT d::DATE AS date_of_day, d::TIMESTAMP + INTERVAL 12 HOURS AS noon,
  (d::TIMESTAMP + INTERVAL 12 HOURS) AT TIME ZONE 'UTC' AS noon_tz
FROM range(TIMESTAMP '2000-01-01', TIMESTAMP '2038-01-01', INTERVAL 1 DAY) AS r (d);
