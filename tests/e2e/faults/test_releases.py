"""Releases that are no good: what serves goes on serving, and the reason is said."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest

from e2e.faults.test_nodes import pid_of
from penstock.deploy.rollout.types import Phase
from support.crowd import Crowd, asking
from support.postgres_server import Address, find_programs, run_postgres
from support.stack import Stack, free_port, stack

pytestmark = pytest.mark.timeout(300)

MODEL = """tables:
  {table}:
    database: shop
    attributes:
      id: {{type: integer}}
      region: {{type: string}}
      amount: {{type: integer}}
"""


CONNECTOR = """engine: postgres
options:
  host: 127.0.0.1
  port: ${SHOP_PORT}
  user: ${SHOP_USER}
  password: ${SHOP_PASSWORD}
  database: penstock
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Address]:
    if find_programs() is None:
        pytest.skip("there is no PostgreSQL here")
    with run_postgres() as address:
        for table in ("sales", "sales_new"):
            address.execute(
                f"CREATE TABLE {table} (id INTEGER, region TEXT, amount INTEGER)",
                f"INSERT INTO {table} SELECT n, 'north', n % 7 FROM generate_series(1, 200) AS n",
            )
        yield address


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, database: Address) -> Iterator[Stack]:
    """A project whose database is a server, which can be changed behind its back."""
    with stack(tmp_path_factory.mktemp("stack")) as made:
        (made.project / "connectors/shop.yaml").write_text(CONNECTOR)
        write_model(made, "sales")
        made.run("variables", "set", f"SHOP_PORT={database.port}", f"SHOP_USER={database.user}")
        made.run("variables", "set", "--secret", "SHOP_PASSWORD", typed=database.password)
        made.deploy()
        made.make_key()
        made.wait(lambda: made.ask().status_code == 200, 10)
        yield made


def write_model(shop: Stack, table: str) -> None:
    (shop.project / "models/shop.yaml").write_text(MODEL.format(table=table))


def is_gone(shop: Stack, node: str) -> bool:
    return node not in [found.id for found in shop.nodes()]


def test_an_artifact_that_exits_is_aborted_with_its_last_words(shop: Stack) -> None:
    write_model(shop, "sales_that_are_not_there")
    crowd = Crowd(shop.port, shop.question(), callers=4)

    with asking(crowd):
        refused = shop.deploy(check=False)
    write_model(shop, "sales")

    assert refused.returncode == 1
    assert "sales_that_are_not_there" in refused.stdout + refused.stderr
    assert crowd.tally.failed == 0, crowd.tally.told


def test_what_a_failed_deployment_printed_is_told_once_its_nodes_are_gone(shop: Stack) -> None:
    write_model(shop, "sales_that_nobody_has")
    shop.deploy(check=False)
    write_model(shop, "sales")
    last = shop.rollout.last
    assert last is not None

    of_it = [node.id for node in shop.nodes() if node.deployment == last.deployment]
    shop.wait(lambda: all(is_gone(shop, node) for node in of_it), 30)
    told = shop.run("logs", "--deployment", last.deployment, "--tail", "1000")

    assert "sales_that_nobody_has" in told.stdout
    assert f"of {last.deployment} is gone" in told.stderr
    assert shop.rollout.live is not None
    assert "sales_that_nobody_has" not in shop.run("logs").stdout


def test_an_artifact_that_never_gets_ready_is_aborted_at_its_deadline(
    shop: Stack, database: Address
) -> None:
    shop.run("variables", "set", f"SHOP_PORT={free_port()}")
    shop.change("never ready")
    crowd = Crowd(shop.port, shop.question(), callers=4)

    with asking(crowd):
        refused = shop.deploy("--deadline", "8", check=False)
    shop.run("variables", "set", f"SHOP_PORT={database.port}")

    assert refused.returncode == 1
    assert "DEPLOYMENT_FAILED" in refused.stderr
    assert crowd.tally.failed == 0, crowd.tally.told


def test_an_artifact_that_dies_after_it_was_ready_never_serves(shop: Stack) -> None:
    shop.change("dies when it is ready")
    live = shop.rollout.live
    shop.deploy("--approval")

    for _ in range(2):
        shop.wait(lambda: any(n.phase == "ready" and n.colour != live for n in shop.nodes()), 60)
        doomed = next(n for n in shop.nodes() if n.phase == "ready" and n.colour != live)
        os.kill(pid_of(shop, doomed.id), signal.SIGKILL)
        shop.wait(partial(is_gone, shop, doomed.id), 60)

    shop.wait(lambda: shop.rollout.change is None, 60)
    last = shop.rollout.last
    assert last is not None
    assert last.phase is Phase.ABORTED
    assert shop.rollout.live == live
    assert shop.ask().status_code == 200


def test_a_release_that_fails_only_once_it_serves_is_rolled_back_by_itself(
    shop: Stack, database: Address
) -> None:
    write_model(shop, "sales_new")
    before = shop.rollout.live
    crowd = Crowd(shop.port, shop.question(0.02), callers=4)

    with asking(crowd):
        shop.run("deploy", str(shop.project), "--bake", "60")
        database.execute("ALTER TABLE sales_new RENAME TO sales_gone")
        shop.wait(lambda: shop.rollout.change is None, 60)
        answered = crowd.tally.told["200"]
        shop.wait(lambda: crowd.tally.told["200"] > answered + 50)
    database.execute("ALTER TABLE sales_gone RENAME TO sales_new")
    write_model(shop, "sales")

    last = shop.rollout.last
    assert last is not None
    assert last.phase is Phase.ROLLED_BACK
    assert "requests failed" in last.reason
    assert shop.rollout.live == before
    assert set(crowd.tally.told) == {"200", "500"}  # those the release answered so, and no others


def test_a_database_that_is_down_while_deploying_leaves_what_serves(
    shop: Stack, database: Address
) -> None:
    shop.change("deployed without its database")
    database.stop()
    try:
        refused = shop.deploy("--deadline", "8", check=False)
        live = shop.rollout.live
    finally:
        database.start()

    assert refused.returncode == 1
    assert "Traceback" not in refused.stdout + refused.stderr
    assert live is not None
    shop.wait(lambda: shop.ask().status_code == 200)
