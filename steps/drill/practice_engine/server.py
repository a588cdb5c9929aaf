"""The practice engine's web server: TLS, single sign-on, health page, CA, API."""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from steps.drill.practice_engine import database as db
from steps.drill.practice_engine import documents, host_access, host_rules, startup
from steps.drill.practice_engine.database import Fault
from steps.drill.practice_engine.host_rules import Moment
from steps.drill.practice_engine.places import EnginePlaces
from steps.drill.practice_engine.routes import Reply, Request, answer
from steps.drill.practice_hosts import engine_machine

LARGEST_BODY: Final = 1 << 20
IDLE_SECONDS: Final = 30.0
_XML: Final = "application/xml;charset=UTF-8"
_PKI: Final = "/ovirt-engine/services/pki-resource"
_HOME: Final = """<!DOCTYPE html><html><head><title>Simulated oVirt engine</title></head><body>
<h1>Simulated</h1><p>Rekindle's practice engine: it answers as an oVirt engine does.</p>
</body></html>"""


class PracticeServer(ThreadingHTTPServer):
    """Answers for the engine of one practice site, while it is open."""

    daemon_threads = True

    def __init__(self, places: EnginePlaces, port: int) -> None:
        self.places = places
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(places.identity)
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The handshake is left to the request's own thread: a slow client holds nobody up."""
        plain, address = super().get_request()
        plain.settimeout(IDLE_SECONDS)
        wrapped = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up or does not trust us is none of our errors."""

    def close(self) -> None:
        """Stop answering."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Rekindle-practice-engine"
    sys_version = ""
    timeout = IDLE_SECONDS
    server: PracticeServer

    def log_message(self, format: str, *args: Any) -> None:
        """Not a word: addresses may carry what nobody else is to read."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._send(413, "text/html", b"too large")
            return
        body = self.rfile.read(length)
        path = urlsplit(self.path).path
        if path == "/":
            self._send(200, "text/html", _HOME.encode())
        elif not self._is_ready():
            self._starting(path)
        elif path == "/ovirt-engine/services/health":
            self._send(200, "text/html", engine_machine.HEALTHY.encode())
        elif path == _PKI and self._query().get("resource") == "ca-certificate":
            self._send(200, "application/x-x509-ca-cert", self.server.places.ca.read_bytes())
        elif path == _PKI and self._query().get("format") == "OPENSSH-PUBKEY":
            key = host_access.public_key(self.server.places)
            self._send(200, "text/plain", key.encode())
        elif path in ("/ovirt-engine/sso/oauth/token", "/ovirt-engine/services/sso-logout"):
            self._single_sign_on(path, {k: v[0] for k, v in parse_qs(body.decode()).items()})
        elif path == documents.ROOT or path.startswith(documents.ROOT + "/"):
            self._api(path.removeprefix(documents.ROOT), body)
        else:
            self._send(404, "text/html", b"<html><body>Not Found</body></html>")

    def _is_ready(self) -> bool:
        world = self.server.places.world
        facts = world.read()
        return db.KEY in facts and engine_machine.engine_answers(facts, world.now(facts))

    def _starting(self, path: str) -> None:
        """The web server is there, the engine behind it is not yet."""
        status = 404 if path.startswith(documents.ROOT) else 503
        self._send(status, "text/html", b"<html><body>Service Unavailable</body></html>")

    def _query(self) -> dict[str, str]:
        found = parse_qs(urlsplit(self.path).query)
        return {name: values[0] for name, values in found.items()}

    def _single_sign_on(self, path: str, form: dict[str, str]) -> None:
        logging_in = path.endswith("token")
        with self.server.places.world.change() as facts:
            tokens: list[str] = facts[db.KEY]["tokens"]
            if not logging_in:
                tokens[:] = [token for token in tokens if token != form.get("token")]
                reply: dict[str, str] = {}
            elif self._knows(form, facts[db.KEY]["account"]):
                tokens.append(secrets.token_urlsafe(48))
                reply = {"access_token": tokens[-1], "scope": "ovirt-app-api"}
                reply |= {"exp": "9223372036854775807", "token_type": "bearer"}
            else:
                user = form.get("username", "")
                reply = {
                    "error_code": "access_denied",
                    "error": f"Cannot authenticate user '{user}': The username or password is "
                    "incorrect..",
                }
        status = 400 if "error" in reply else 200
        self._send(status, "application/json;charset=UTF-8", json.dumps(reply).encode())

    def _knows(self, form: dict[str, str], account: str) -> bool:
        password = self.server.places.password_file.read_text().strip()
        given = form.get("password", "")
        right = hmac.compare_digest(password.encode(), given.encode())
        return form.get("username") == account and right

    def _api(self, path: str, body: bytes) -> None:
        world = self.server.places.world
        with world.change() as facts:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if token not in facts[db.KEY]["tokens"]:
                reply = Reply(401, documents.fault(Fault(401, "Not logged in", "Unauthorized")))
            else:
                reply = self._asked(path, body, Moment(facts, world.now(facts)))
        if reply.document is None:
            self._send(reply.status, _XML, b"")
        else:
            self._send(reply.status, _XML, documents.serialised(reply.document))

    def _asked(self, path: str, body: bytes, moment: Moment) -> Reply:
        query = self._query()
        if "Correlation-Id" in self.headers:
            query.setdefault("correlation_id", self.headers["Correlation-Id"])
        request = Request(self.command, path, query, body)
        db.settle(moment.database, moment.now)
        host_rules.go_on(moment)
        startup.fence_by_itself(moment)
        try:
            folder = self.server.places.folder
            return answer(request, Moment(moment.facts, moment.now, request.mark, folder))
        except Fault as fault:
            acting = request.method == "POST" and path.count("/") > 1
            wrap = documents.failed_action if acting else documents.fault
            return Reply(fault.status, wrap(fault))

    def _send(self, status: int, media: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Correlation-Id", self._query().get("correlation_id") or db.new_id())
        self.end_headers()
        self.wfile.write(body)
