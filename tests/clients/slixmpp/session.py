"""One person at one client: a slixmpp session whose stanzas can be waited for."""

import asyncio
import os

import slixmpp

DOMAIN = os.environ["XMPP_DOMAIN"]
HOST = os.environ["XMPP_HOST"]
PORT = int(os.environ["XMPP_PORT"])
DIRECT_TLS = os.environ["XMPP_SECURITY"] == "direct"
CERTIFICATE = os.environ["XMPP_CERTIFICATE"]

# How long one expected thing may take before the step has failed.
PATIENCE_SECS = 20


class Failure(Exception):
    """What was expected and did not happen."""


class Session(slixmpp.ClientXMPP):
    """A client that answers no contact request by itself and keeps what it receives."""

    def __init__(self, name, password):
        super().__init__(f"{name}@{DOMAIN}", password)
        self.enable_direct_tls = DIRECT_TLS
        self.enable_starttls = not DIRECT_TLS
        self.ca_certs = CERTIFICATE
        self.roster.auto_authorize = None
        self.roster.auto_subscribe = False
        self._kept = []
        self._arrival = asyncio.Event()
        for plugin in ("xep_0030", "xep_0077", "xep_0199", "xep_0203"):
            self.register_plugin(plugin)
        for event in ("session_start", "failed_auth", "disconnected", "message", "presence", "roster_update"):
            self.add_event_handler(event, lambda data, event=event: self._keep(event, data))

    def _keep(self, event, data):
        self._kept.append((event, data))
        self._arrival.set()

    async def expect(self, event, wanted=lambda data: True, *, what):
        """The first event of this kind that is wanted; it is taken out of what was kept."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECS
        while True:
            for index, (kind, data) in enumerate(self._kept):
                if kind == event and wanted(data):
                    del self._kept[index]
                    return data
            self._arrival.clear()
            try:
                if any(kind == "disconnected" for kind, _ in self._kept):
                    raise asyncio.TimeoutError
                left = deadline - asyncio.get_running_loop().time()
                await asyncio.wait_for(self._arrival.wait(), left)
            except asyncio.TimeoutError:
                kept = [f"{kind}: {data}" for kind, data in self._kept]
                raise Failure(f"{self.boundjid} waited for {what}; kept: {kept}") from None

    async def expect_presence(self, sender, kind):
        """Presence of this kind from a contact; slixmpp counts `away` and the like as kinds."""

        def wanted(presence):
            return presence["from"].bare == sender.boundjid.bare and presence["type"] == kind

        return await self.expect("presence", wanted, what=f"presence {kind} from {sender.boundjid.bare}")

    async def expect_message(self, body):
        """The message with this body."""
        return await self.expect("message", lambda message: message["body"] == body, what=f"the message {body!r}")

    async def log_in(self):
        """Connect, and insist on TLS of the asked kind and on SCRAM."""
        self.connect(HOST, PORT)
        await self.expect("session_start", what="the session to start")
        if self.transport.get_extra_info("ssl_object") is None:
            raise Failure("the connection is not encrypted")
        if ("starttls" in self.features) == DIRECT_TLS:
            raise Failure(f"connected by the other kind of TLS; features: {self.features}")
        mechanism = self.plugin["feature_mechanisms"].mech.name
        if not mechanism.startswith("SCRAM-"):
            raise Failure(f"authenticated by {mechanism}, not by SCRAM")
        return mechanism

    async def go_online(self):
        """Log in, fetch the roster, and say so to everybody."""
        mechanism = await self.log_in()
        await self.get_roster(timeout=PATIENCE_SECS)
        self.send_presence()
        return mechanism

    async def log_in_is_refused(self):
        """Connect with a password that is wrong: the server must say `not-authorized`."""
        self.connect(HOST, PORT)
        failure = await self.expect("failed_auth", what="the refusal")
        if failure["condition"] != "not-authorized":
            raise Failure(f"a wrong password was answered by {failure['condition']}")
        await self.log_out()
        if any(kind == "session_start" for kind, _ in self._kept):
            raise Failure("a session started with a wrong password")

    async def log_out(self):
        """Close the stream and wait for the end of the connection."""
        if self.transport:
            self.disconnect()
        await self.expect("disconnected", what="the end of the connection")
