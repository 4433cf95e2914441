"""What a domain asks for by name exists among the tasks."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import cache

from marketplace.cli import worker
from marketplace.core import outbox
from tests.architecture import sources

# In a process of its own: the Celery application reads the environment when it is imported.
_LIST_TASKS = """
import json
from workers.app import HARD_LIMIT, QUEUES, VISIBILITY_TIMEOUT, celery
celery.loader.import_default_modules()
router = celery.amqp.router
own = [name for name in celery.tasks if not name.startswith("celery.")]
queue_of = {}
for name in own:
    queue = router.route({}, name).get("queue")
    queue_of[name] = getattr(queue, "name", queue) or celery.conf.task_default_queue
print(json.dumps({
    "queue_of": queue_of, "queues": QUEUES, "hard_limit": HARD_LIMIT,
    "visibility_timeout": VISIBILITY_TIMEOUT,
}))
"""


@cache
def _facts() -> dict[str, object]:
    answer = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _LIST_TASKS],
        cwd=sources.ROOT,
        env={
            **os.environ,
            "SECRET_KEY": "architecture-test-8c1f",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    facts: dict[str, object] = json.loads(answer.stdout.splitlines()[-1])
    return facts


class TestTasks:
    def test_every_enqueued_kind_is_a_task(self) -> None:
        asked = {
            call.args[0].value
            for tree in sources.modules("marketplace").values()
            for call in sources.calls(tree, "outbox.enqueue")
            if isinstance(call.args[0], ast.Constant)
        }
        tasks = _facts()["queue_of"]

        assert asked
        assert isinstance(tasks, dict)
        assert asked - tasks.keys() == set()

    def test_every_kind_is_written_out_where_it_is_enqueued(self) -> None:
        computed = [
            f"{path}:{call.lineno}"
            for path, tree in sources.modules("marketplace").items()
            for call in sources.calls(tree, "outbox.enqueue")
            if not isinstance(call.args[0], ast.Constant)
        ]

        assert computed == []

    def test_the_worker_listens_to_every_queue_a_task_goes_to(self) -> None:
        facts = _facts()
        queue_of = facts["queue_of"]

        assert isinstance(queue_of, dict)
        assert set(queue_of.values()) <= set(worker.QUEUES)
        assert facts["queues"] == list(worker.QUEUES)

    def test_no_task_outlives_its_lease_and_no_lease_the_broker(self) -> None:
        facts = _facts()
        hard_limit, visibility = facts["hard_limit"], facts["visibility_timeout"]

        assert isinstance(hard_limit, int)
        assert isinstance(visibility, int)
        assert hard_limit < outbox.LEASE.total_seconds() < visibility


def test_only_the_dispatcher_talks_to_the_broker() -> None:
    talkers = {
        f"{path}:{node.lineno}"
        for path, tree in sources.modules("marketplace", "workers").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"delay", "apply_async", "send_task"}
        and str(path) != "workers/dispatcher.py"
    }

    assert talkers == set()
