/*
title: The best customers
description: Those who bought for most, and what kind they are.
parameters:
  number: {type: integer, default: 5, min: 1, max: 100, description: How many.}
*/
SELECT customers.name, customers.kind, SUM(orders.amount) AS amount
FROM orders
JOIN customers ON customers.customer_id = orders.customer_id
GROUP BY customers.name, customers.kind
ORDER BY amount DESC
LIMIT :number
