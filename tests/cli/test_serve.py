from __future__ import annotations

import signal
from pathlib import Path

from node.running import Node, Query, eventually, run_node
from penstock.store.keys import KeyDraft
from project.folders import write


def test_ctrl_c_stops_a_node_with_a_good_conscience(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", {"policies/roles.yaml": None})
    with run_node(folder, tmp_path / "home") as node:
        node.process.send_signal(signal.SIGINT)

        assert node.process.wait(30) == 0
        assert [event["project"] for event in node.events("Stopping")] == ["shop"]
        assert "Traceback" not in node.logged.read_text()


def test_a_node_of_a_small_project_of_csv_files_answers(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop")
    clerk = KeyDraft(name="clerk", roles=("clerk",), attributes={"shops": ("a",)})
    with run_node(folder, tmp_path / "home", drafts=(clerk,)) as node:
        assert node.get("/queries/by-shop", "clerk").status == 404
        query: Query = {"data": {"fields": {"id": ["count"]}}, "scale": {"fields": ["shop"]}}
        reply = node.post("/query.csv", query, "clerk")

        assert reply.body == b"shop,shop_label,id_count\na,Lyon,1\n"


def test_every_line_of_the_log_is_json(tmp_path: Path) -> None:
    with run_node(write(tmp_path / "shop"), tmp_path / "home") as node:
        node.get("/nowhere", None)
        node.post("/query", b"{", None)
        eventually(lambda: _has_told(node), "both requests are logged")

        assert [line for line in node.logged.read_text().splitlines() if line[0] != "{"] == []


def _has_told(node: Node) -> bool:
    return {"NOT_FOUND", "UNAUTHENTICATED"} <= {e.get("code") for e in node.events("Answered")}
