-- case: a bare value is eq
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": "UA"}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: a bare list is in
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": ["UA", "AA"]}}
-- binds: ["UA", "AA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" IN ($1, $2)
LIMIT $3;

-- case: eq
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"eq": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: equal
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"equal": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: not_equal
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"not_equal": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" <> $1
LIMIT $2;

-- case: neq
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"neq": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" <> $1
LIMIT $2;

-- case: in
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"in": ["UA", "AA"]}}}
-- binds: ["UA", "AA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" IN ($1, $2)
LIMIT $3;

-- case: not_in
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"not_in": ["UA", "AA"]}}}
-- binds: ["UA", "AA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT "flights"."carrier" IN ($1, $2)
LIMIT $3;

-- case: between
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"between": ["A", "C"]}}}
-- binds: ["A", "C", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" BETWEEN $1 AND $2
LIMIT $3;

-- case: not_between
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"not_between": ["A", "C"]}}}
-- binds: ["A", "C", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT "flights"."carrier" BETWEEN $1 AND $2
LIMIT $3;

-- case: like
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"like": "U%"}}}
-- binds: ["U%", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" LIKE $1
LIMIT $2;

-- case: not_like
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"not_like": "U%"}}}
-- binds: ["U%", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT "flights"."carrier" LIKE $1
LIMIT $2;

-- case: ilike
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"ilike": "u%"}}}
-- binds: ["u%", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" ILIKE $1
LIMIT $2;

-- case: contains
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"contains": "U%_\\"}}}
-- binds: ["%U\\%\\_\\\\%", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" LIKE $1 ESCAPE '\'
LIMIT $2;

-- case: starts_with
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"starts_with": "U%"}}}
-- binds: ["U\\%%", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" LIKE $1 ESCAPE '\'
LIMIT $2;

-- case: ends_with
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"ends_with": "_A"}}}
-- binds: ["%\\_A", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" LIKE $1 ESCAPE '\'
LIMIT $2;

-- case: gt
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"gt": "U"}}}
-- binds: ["U", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" > $1
LIMIT $2;

-- case: gte
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"gte": "U"}}}
-- binds: ["U", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" >= $1
LIMIT $2;

-- case: lt
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"lt": "U"}}}
-- binds: ["U", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" < $1
LIMIT $2;

-- case: lte
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"lte": "U"}}}
-- binds: ["U", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" <= $1
LIMIT $2;

-- case: is_null takes no value
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": {"is_null": []}}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."dep_delay" IS NULL
LIMIT $1;

-- case: is_null takes true
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": {"is_null": true}}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."dep_delay" IS NULL
LIMIT $1;

-- case: is_not_null
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": {"is_not_null": true}}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT "flights"."dep_delay" IS NULL
LIMIT $1;

-- case: operators are named in any case
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"EQ": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: a list of one will do where one value is due
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"eq": ["UA"]}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: one value will do where a list is due
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"in": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: between as one text
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": {"between": "2013-01-01, 2013-01-31"}}}
-- binds: ["2013-01-01", "2013-01-31", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."flight_date" BETWEEN $1 AND $2
LIMIT $3;

-- case: hostile text stays a parameter
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": "'; DROP TABLE flights; --"}}
-- binds: ["'; DROP TABLE flights; --", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: in with a null keeps nulls
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": {"in": [1, null]}}}
-- binds: [1, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."dep_delay" = $1 OR "flights"."dep_delay" IS NULL
  )
LIMIT $2;

-- case: in with only a null
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": [null]}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."dep_delay" IS NULL
LIMIT $1;

-- case: not_in with a null is the opposite of in with a null
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": {"not_in": [1, null]}}}
-- binds: [1, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT (
    "flights"."dep_delay" = $1 OR "flights"."dep_delay" IS NULL
  )
LIMIT $2;

-- case: not_in with only a null
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"dep_delay": {"not_in": [null]}}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT "flights"."dep_delay" IS NULL
LIMIT $1;

-- case: in an empty list is false
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": []}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  FALSE
LIMIT $1;

-- case: not_in an empty list is true
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"carrier": {"not_in": []}}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT FALSE
LIMIT $1;

-- case: all conditions on an attribute hold
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"distance": {"gte": 100, "lt": 500}}}
-- binds: [100, 500, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."distance" >= $1 AND "flights"."distance" < $2
  )
LIMIT $3;

-- case: all attributes hold
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"origin": "JFK", "month": {"lte": 2}}}
-- binds: ["JFK", 2, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."origin" = $1 AND "flights"."month" <= $2
  )
LIMIT $3;

-- case: or
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"or": [{"origin": "JFK"}, {"month": 1, "day": 1}]}}
-- binds: ["JFK", 1, 1, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."origin" = $1 OR (
      "flights"."month" = $2 AND "flights"."day" = $3
    )
  )
LIMIT $4;

-- case: and within or within and
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"origin": "JFK", "and": [{"or": [{"month": 1}, {"and": [{"month": 2}, {"day": 1}]}]}, {"day": {"lt": 9}}]}}
-- binds: ["JFK", 1, 2, 1, 9, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."origin" = $1
    AND (
      "flights"."month" = $2 OR (
        "flights"."month" = $3 AND "flights"."day" = $4
      )
    )
    AND "flights"."day" < $5
  )
LIMIT $6;

-- case: not of one condition
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"not": {"carrier": "UA"}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT (
    "flights"."carrier" = $1
  )
LIMIT $2;

-- case: not of several is not all of them
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"not": {"carrier": "UA", "origin": "EWR"}}}
-- binds: ["UA", "EWR", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT (
    "flights"."carrier" = $1 AND "flights"."origin" = $2
  )
LIMIT $3;

-- case: not of an or
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"not": {"or": [{"carrier": "UA"}, {"dep_delay": {"is_null": true}}]}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT (
    "flights"."carrier" = $1 OR "flights"."dep_delay" IS NULL
  )
LIMIT $2;

-- case: not of not
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"not": {"not": {"carrier": "UA"}}}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT (
    NOT (
      "flights"."carrier" = $1
    )
  )
LIMIT $2;

-- case: an or of one is that one
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"or": [{"carrier": "UA"}]}}
-- binds: ["UA", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."carrier" = $1
LIMIT $2;

-- case: an empty filter filters nothing
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {}}
-- binds: [5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
LIMIT $1;

-- case: a date from text, and from seconds
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": {"gte": "2013-12-31", "lt": 1388534400}}}
-- binds: ["2013-12-31", "2014-01-01", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."flight_date" >= $1 AND "flights"."flight_date" < $2
  )
LIMIT $3;

-- case: a date from digits
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": "1357016400"}}
-- binds: ["2013-01-01", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."flight_date" = $1
LIMIT $2;

-- case: whole numbers written as text and as floats
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"month": ["1", 2.0]}}
-- binds: [1, 2, 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."month" IN ($1, $2)
LIMIT $3;

-- case: a value of every type
-- world: samples
-- query: {"data": {"fields": {"id": ["count"]}}, "filter": {"ratio": {"gt": 1}, "price": {"lte": "19.99"}, "name": 7, "ok": "true", "day": {"gte": 0}, "at": {"lt": "2013-12-30T12:00:00"}, "at_tz": {"lt": "2013-12-30T12:00:00+02:00"}, "clock": {"gte": "09:30"}, "raw": "YWI="}}
-- binds: [1.0, "19.99", "7", true, "1970-01-01", "2013-12-30 12:00:00", "2013-12-30 10:00:00+00:00", "09:30:00", "b'ab'", 5000]
SELECT
  COUNT("samples"."id") AS "id_count"
FROM "samples" AS "samples"
WHERE
  (
    "samples"."ratio" > $1
    AND "samples"."price" <= $2
    AND "samples"."name" = $3
    AND "samples"."ok" = $4
    AND "samples"."day" >= $5
    AND "samples"."at" < $6
    AND "samples"."at_tz" < $7
    AND "samples"."clock" >= $8
    AND "samples"."raw" = $9
  )
LIMIT $10;

-- case: a long list of whole numbers is one parameter, each of them once
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight": {"in": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, "50", 50]}}}
-- binds: ["[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50]", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  "flights"."flight" IN (
    SELECT
      UNNEST(CAST($1 AS BIGINT[]))
  )
LIMIT $2;

-- case: a long list of texts
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"tailnum": {"not_in": ["N10UA", "N11UA", "N12UA", "N13UA", "N14UA", "N15UA", "N16UA", "N17UA", "N18UA", "N19UA", "N20UA", "N21UA", "N22UA", "N23UA", "N24UA", "N25UA", "N26UA", "N27UA", "N28UA", "N29UA", "N30UA", "N31UA", "N32UA", "N33UA", "N34UA", "N35UA", "N36UA", "N37UA", "N38UA", "N39UA", "N40UA", "N41UA", "N42UA", "N43UA", "N44UA", "N45UA", "N46UA", "N47UA", "N48UA", "N49UA", "N50UA", "N51UA", "N52UA", "N53UA", "N54UA", "N55UA", "N56UA", "a \"quote\"", "an 'apostrophe'", "a \\ b, [c]"]}}}
-- binds: ["[\"N10UA\",\"N11UA\",\"N12UA\",\"N13UA\",\"N14UA\",\"N15UA\",\"N16UA\",\"N17UA\",\"N18UA\",\"N19UA\",\"N20UA\",\"N21UA\",\"N22UA\",\"N23UA\",\"N24UA\",\"N25UA\",\"N26UA\",\"N27UA\",\"N28UA\",\"N29UA\",\"N30UA\",\"N31UA\",\"N32UA\",\"N33UA\",\"N34UA\",\"N35UA\",\"N36UA\",\"N37UA\",\"N38UA\",\"N39UA\",\"N40UA\",\"N41UA\",\"N42UA\",\"N43UA\",\"N44UA\",\"N45UA\",\"N46UA\",\"N47UA\",\"N48UA\",\"N49UA\",\"N50UA\",\"N51UA\",\"N52UA\",\"N53UA\",\"N54UA\",\"N55UA\",\"N56UA\",\"a \\\"quote\\\"\",\"an 'apostrophe'\",\"a \\\\ b, [c]\"]", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  NOT "flights"."tailnum" IN (
    SELECT
      UNNEST(CAST(CAST($1 AS JSON) AS TEXT[]))
  )
LIMIT $2;

-- case: a long list of dates, or none
-- query: {"data": {"fields": {"flight": ["count"]}}, "filter": {"flight_date": {"in": ["2013-01-01", "2013-01-02", "2013-01-03", "2013-01-04", "2013-01-05", "2013-01-06", "2013-01-07", "2013-01-08", "2013-01-09", "2013-01-10", "2013-02-01", "2013-02-02", "2013-02-03", "2013-02-04", "2013-02-05", "2013-02-06", "2013-02-07", "2013-02-08", "2013-02-09", "2013-02-10", "2013-03-01", "2013-03-02", "2013-03-03", "2013-03-04", "2013-03-05", "2013-03-06", "2013-03-07", "2013-03-08", "2013-03-09", "2013-03-10", "2013-04-01", "2013-04-02", "2013-04-03", "2013-04-04", "2013-04-05", "2013-04-06", "2013-04-07", "2013-04-08", "2013-04-09", "2013-04-10", "2013-05-01", "2013-05-02", "2013-05-03", "2013-05-04", "2013-05-05", "2013-05-06", "2013-05-07", "2013-05-08", "2013-05-09", "2013-05-10", null]}}}
-- binds: ["[\"2013-01-01\",\"2013-01-02\",\"2013-01-03\",\"2013-01-04\",\"2013-01-05\",\"2013-01-06\",\"2013-01-07\",\"2013-01-08\",\"2013-01-09\",\"2013-01-10\",\"2013-02-01\",\"2013-02-02\",\"2013-02-03\",\"2013-02-04\",\"2013-02-05\",\"2013-02-06\",\"2013-02-07\",\"2013-02-08\",\"2013-02-09\",\"2013-02-10\",\"2013-03-01\",\"2013-03-02\",\"2013-03-03\",\"2013-03-04\",\"2013-03-05\",\"2013-03-06\",\"2013-03-07\",\"2013-03-08\",\"2013-03-09\",\"2013-03-10\",\"2013-04-01\",\"2013-04-02\",\"2013-04-03\",\"2013-04-04\",\"2013-04-05\",\"2013-04-06\",\"2013-04-07\",\"2013-04-08\",\"2013-04-09\",\"2013-04-10\",\"2013-05-01\",\"2013-05-02\",\"2013-05-03\",\"2013-05-04\",\"2013-05-05\",\"2013-05-06\",\"2013-05-07\",\"2013-05-08\",\"2013-05-09\",\"2013-05-10\"]", 5000]
SELECT
  COUNT("flights"."flight") AS "flight_count"
FROM "flights" AS "flights"
WHERE
  (
    "flights"."flight_date" IN (
      SELECT
        UNNEST(CAST($1 AS DATE[]))
    )
    OR "flights"."flight_date" IS NULL
  )
LIMIT $2;
