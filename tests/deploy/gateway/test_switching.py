"""A crowd asks while nodes come and go."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from collections.abc import Sequence

from deploy.gateway.counting import Crowd, asking
from deploy.gateway.site import Reply, Site, eventually

PATH = "/flights/api/"


def test_a_switch_there_and_back_fails_nobody(two: Site) -> None:
    two.publish(two.config(live="blue", preview="green"))
    with asking(Crowd(two.port, PATH)) as crowd:
        for new, old in (("green", "blue"), ("blue", "green")) * 3:
            crowd.await_asked(3000)
            two.publish(two.config(live=new, leaving=old, preview=old))
            await_idle(two, old)
            two.publish(two.config(live=new, preview=old))
        crowd.await_asked(2000)

    assert crowd.count.failed == crowd.slowly.failed == 0
    assert crowd.count.asked >= 20_000
    assert min(crowd.count.by_node["blue"], crowd.count.by_node["green"]) > 1000


def test_a_switch_to_nodes_that_were_never_checked_fails_nobody(two: Site) -> None:
    two.publish(two.config(live="blue"))
    with asking(Crowd(two.port, PATH)) as crowd:
        for new in ("green", "blue", "green"):
            crowd.await_asked(1000)
            two.publish(two.config(live=new))
        crowd.await_asked(1000)

    assert crowd.count.failed == crowd.slowly.failed == 0


def test_scaling_up_and_down_with_nodes_that_end_fails_nobody(two: Site) -> None:
    two.publish(two.config(live="blue"))
    with asking(Crowd(two.port, PATH)) as crowd:
        crowd.await_asked(1000)
        two.start_node("red")
        two.publish(two.config(live="blue green red"))
        crowd.await_asked(2000)
        two.publish(two.config(live="red", leaving="blue green"))
        for name in ("blue", "green"):
            await_idle(two, name)
        two.publish(two.config(live="red"))
        for name in ("blue", "green"):
            two.nodes[name].signal(signal.SIGTERM)
            two.nodes[name].process.wait(10)
        crowd.await_asked(1000)

    assert crowd.count.failed == crowd.slowly.failed == 0
    assert min(crowd.count.by_node[name] for name in two.nodes) > 300


def test_a_killed_node_costs_what_it_was_answering_and_nothing_more(two: Site) -> None:
    two.publish(two.config(live="blue green"))
    with asking(Crowd(two.port, PATH)) as crowd:
        crowd.await_asked(1000)
        two.nodes["blue"].end()
        crowd.await_asked(3000)
        lost = crowd.count.failed + crowd.slowly.failed
        two.start_node("blue")
        eventually(lambda: two.gateway.healthy("blue") is True, "the node is back")
        crowd.await_asked(1000)

    # Each caller has at most one request at that node.
    assert lost <= crowd.connections + crowd.slow
    assert crowd.count.failed + crowd.slowly.failed == lost
    assert crowd.count.told.keys() | crowd.slowly.told.keys() <= {"200", "503"}


def test_a_node_that_hangs_is_asked_no_more(two: Site) -> None:
    two.publish(two.config(live="blue green"))
    two.nodes["blue"].signal(signal.SIGSTOP)

    eventually(lambda: two.gateway.healthy("blue") is False, "the gateway sees that it hangs")
    assert {two.ask(PATH).told("node") for _ in range(20)} == {"green"}

    two.nodes["blue"].signal(signal.SIGCONT)
    eventually(lambda: two.gateway.healthy("blue") is True, "it goes on")


def test_a_draining_node_finishes_and_gets_nothing_new(two: Site) -> None:
    two.publish(two.config(live="blue"))
    with slow_request(two, seconds=1.5) as answer:
        eventually(lambda: two.gateway.active("blue") == 1, "it is being answered")
        two.publish(two.config(live="green", leaving="blue"))

        assert {two.ask(PATH).told("node") for _ in range(10)} == {"green"}
        assert two.gateway.active("blue") == 1
    assert answer[0].told("node") == "blue"
    assert two.gateway.active("blue") == 0


def test_what_a_node_answers_is_finished_though_it_was_taken_out(two: Site) -> None:
    two.publish(two.config(live="blue"))
    with slow_request(two, seconds=1.5) as answer:
        eventually(lambda: two.gateway.active("blue") == 1, "it is being answered")
        two.publish(two.config(live="green"))

        assert two.gateway.active("blue") is None
    assert answer[0].told("node") == "blue"


def test_nodes_that_are_not_ready_answer_where_there_are_no_others(two: Site) -> None:
    two.publish(two.config(live="blue green"))
    for name in two.nodes:
        two.nodes[name].signal(signal.SIGUSR1)
        await_unhealthy(two, name)

    assert {two.ask(PATH).status for _ in range(10)} == {200}


def test_a_request_whose_node_dies_is_not_asked_again(two: Site) -> None:
    two.publish(two.config(live="blue green"))
    died = two.ask(f"{PATH}die", method="POST", body=b"{}")

    assert died.problem == (503, "API_UNAVAILABLE")
    assert died.headers["retry-after"] == "2"
    served = [two.ask(f"{PATH}count").object() for _ in range(20)]
    last = {str(told["node"]): told["served"] for told in served}
    assert sum(int(str(number)) for number in last.values()) == 21


def test_a_request_that_reaches_nobody_is_asked_of_another_node(two: Site) -> None:
    two.publish(two.config(live="blue green"))
    two.nodes["blue"].end()

    assert [two.ask(PATH, method="POST", body=b"{}").status for _ in range(20)] == [200] * 20


def test_an_answer_is_passed_on_as_it_comes(two: Site) -> None:
    two.publish(two.config(live="blue"))
    connection = http.client.HTTPConnection("127.0.0.1", two.port, timeout=20)
    connection.request("GET", f"{PATH}stream?parts=4&pause=0.2")
    response = connection.getresponse()
    came = [(response.readline(), time.monotonic()) for _ in range(4)]
    connection.close()

    assert [line for line, _ in came] == [b"part %d\n" % number for number in range(4)]
    assert came[-1][1] - came[0][1] > 0.3


def test_figures_count_requests_and_errors(two: Site) -> None:
    two.publish(two.config(live="blue", preview="green"))
    for path in ("", "", "fail", "die"):
        two.ask(f"{PATH}{path}")
    blue, green = two.gateway.figures("blue"), two.gateway.figures("green")

    assert blue is not None
    assert (blue.requests, blue.errors, blue.active, blue.healthy) == (4, 2, 0, True)
    assert green is not None
    assert (green.requests, green.refused) == (0, 0)
    assert two.gateway.figures("red") is None


def await_idle(opened: Site, node: str) -> None:
    eventually(lambda: opened.gateway.active(node) == 0, f"nobody is left at {node}")


def await_unhealthy(opened: Site, node: str) -> None:
    eventually(lambda: opened.gateway.healthy(node) is False, f"{node} is not ready")


class slow_request:  # noqa: N801 it reads as what it does
    """Ask for something slow beside the block; the answer is there after it."""

    def __init__(self, opened: Site, seconds: float) -> None:
        self.answers: list[Reply] = []
        self.thread = threading.Thread(
            target=lambda: self.answers.append(opened.ask(f"{PATH}slow?seconds={seconds}"))
        )

    def __enter__(self) -> Sequence[Reply]:
        self.thread.start()
        return self.answers

    def __exit__(self, *_: object) -> None:
        self.thread.join(20)
