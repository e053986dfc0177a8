from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.mysql.world import execute, opened
from penstock.engine.mysql import MariaDB
from support.mariadb_server import Server, serve_mariadb


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that keeps a log of changes."""
    with serve_mariadb("--log-bin", "--server-id=1") as server:
        execute(
            server,
            "CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(20) COLLATE utf8mb4_general_ci,"
            " old VARCHAR(20) CHARACTER SET latin1, KEY (word)) CHARACTER SET utf8mb4",
            "INSERT INTO words VALUES (1, 'a', 'é'), (2, 'A', 'É'), (3, 'a ', 'e'),"
            " (4, 'ä', NULL), (5, NULL, 'é')",
            "CREATE TABLE labels (word VARCHAR(20) PRIMARY KEY, label VARCHAR(20))"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "INSERT INTO labels VALUES ('a', 'small'), ('A', 'large')",
            "CREATE TABLE odd (id INT, day DATE, at DATETIME, clock TIME, ratio FLOAT,"
            " big BIGINT UNSIGNED, moment TIMESTAMP NULL)",
            "INSERT INTO odd VALUES (1, '2013-01-31', '2013-01-31 10:00:00', '10:00:00', 0.1, 1,"
            " '2013-07-31 23:30:00')",
        )
        yield server


@pytest.fixture
def engine(server: Server) -> Iterator[MariaDB]:
    with opened(server) as engine:
        yield engine
