"""A deployment by the scripted tool in this very process, with the test as its operator."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager
from pathlib import Path

from config.secrets import Secret
from steps.run.runner import open_site_targets
from steps.targets.local import LocalShell
from tests.crash import toy_deploy
from tests.unit.run_support import Operator


class Deploying(Operator):
    """One life of a runner on a deployment."""

    patience = 240.0

    def __init__(
        self, run, secrets=None, open_targets=open_site_targets, procedure=toy_deploy.PROCEDURE
    ) -> None:
        super().__init__(run, procedure, secret="", open_targets=open_targets)
        for name, text in (secrets or {}).items():
            self.session.add_secret(name, Secret(text))

    def log(self, step="tool.follow") -> str:
        self.session.logs.flush()
        path = self.session.run.step_log(step)
        return path.read_text() if path.exists() else ""


class Folder:
    """Where a run lies, what its tool received, and what is left on its host."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def received(self) -> list[list[str]]:
        path = self.path / "received"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def answers(self) -> list[str]:
        return [answer for _name, answer in self.received()]

    def on_host(self) -> list[str]:
        work = self.path / "work"
        return sorted(path.name for path in work.iterdir()) if work.exists() else []


@contextmanager
def an_engine():
    """An engine's health page on this host; `down` until `up` is set."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            up = engine.up
            body = b"DB Up!Welcome to Health Status!" if up else b"<html>503</html>"
            self.send_response(200 if up else 503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Engine:
        up = True

        def __init__(self):
            self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
            self.fqdn = f"127.0.0.1:{self.server.server_port}"

    engine = Engine()
    threading.Thread(target=engine.server.serve_forever, daemon=True).start()
    try:
        yield engine
    finally:
        engine.server.shutdown()
        engine.server.server_close()


def end_all_tools(folder: Path) -> None:
    """Leave no tool of this folder running."""
    from steps.hosted_engine.detached_tool import Channel, DetachedTool
    from tests.unit.scripted_tool_support import end

    for path in (folder / "work").glob("deploy-*"):
        if path.is_dir():
            end(DetachedTool(LocalShell(), str(path), Channel.PIPES))
