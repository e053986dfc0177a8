/*
title: The busiest day of each month
description: Flights on the day that had most of them, in one airport or all three.
tags: [traffic]
parameters:
  origin: {type: string, description: All airports where it is left out.}
*/
WITH days AS (
  SELECT flight_date, month, COUNT(*) AS flights, SUM(CASE WHEN is_cancelled THEN 1 ELSE 0 END) AS cancelled
  FROM flights
  WHERE :origin IS NULL OR origin = :origin
  GROUP BY flight_date, month
)
SELECT flight_date, flights, cancelled
FROM days
QUALIFY ROW_NUMBER() OVER (PARTITION BY month ORDER BY flights DESC, flight_date) = 1
ORDER BY flight_date
