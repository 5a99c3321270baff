"""An authority that has too much to do: it makes accounts and answers every order with 429 and Retry-After."""
import http.server
import json
import ssl
import sys

port, chain, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
base = f"https://localhost:{port}"


class Busy(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body, **headers):
        text = json.dumps(body).encode()
        self.send_response(status)
        kind = "application/json" if status < 400 else "application/problem+json"
        for name, value in {"Content-Type": kind, "Replay-Nonce": "bm9uY2U", "Content-Length": len(text)}.items():
            self.send_header(name, str(value))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def do_GET(self):
        self.answer(200, {name: f"{base}/{name}" for name in ("newNonce", "newAccount", "newOrder", "revokeCert")})

    do_HEAD = do_GET

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print(self.path, flush=True)
        if self.path == "/newAccount":
            self.answer(201, {"status": "valid"}, Location=f"{base}/account/1")
        else:
            problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many new orders recently"}
            self.answer(429, problem, Retry_After="7200")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Busy)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
