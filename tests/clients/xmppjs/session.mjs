// One person at one client: an @xmpp/client session whose stanzas can be waited for.

import { createRequire } from "node:module";
import { once, EventEmitter } from "node:events";
import { TLSSocket } from "node:tls";
import { pathToFileURL } from "node:url";

// The package lies among the tools and not beside this file.
const require = createRequire(`${process.env.XMPP_CLIENT_PACKAGES}/`);
const { client, xml } = await import(pathToFileURL(require.resolve("@xmpp/client")));

export { xml };
export const DOMAIN = process.env.XMPP_DOMAIN;
const DIRECT_TLS = process.env.XMPP_SECURITY === "direct";
// The domain and not the address: direct TLS checks the certificate's name against it.
const SERVICE = `${DIRECT_TLS ? "xmpps" : "xmpp"}://${DOMAIN}:${process.env.XMPP_PORT}`;
const NS_ROSTER = "jabber:iq:roster";

// How long one expected thing may take before the step has failed.
const PATIENCE_MS = 20_000;

// COMPAT(@xmpp/client, 0.14): when the server's answer is read before the client's own write has been reported as
// done, start() does not notice that the stream is open, and a promise inside it is rejected that nobody awaits.
process.on("unhandledRejection", (error) => console.log("unhandled by the client:", error.name, error.message));

/** What was expected and did not happen. */
export class Failure extends Error {}

/** A client that answers no contact request by itself and keeps what it receives. */
export class Session {
  constructor(name, password) {
    this.address = `${name}@${DOMAIN}`;
    this.mechanism = undefined;
    this.startedTls = false;
    this.kept = [];
    this.arrival = new EventEmitter();
    this.xmpp = client({ service: SERVICE, domain: DOMAIN, username: name, password, timeout: PATIENCE_MS });
    this.xmpp.reconnect.stop();
    this.xmpp.on("send", (element) => this.#watch(element));
    this.xmpp.on("stanza", (stanza) => this.#keep(stanza));
    // Whoever waits for an error listens for it; without a listener it ends the process.
    this.xmpp.on("error", () => {});
    this.xmpp.iqCallee.set(NS_ROSTER, "query", () => true);
    this.#waitForOpen();
  }

  // COMPAT(@xmpp/client, 0.14.0): it begins to wait for the server's stream header only after its own header's write
  // has called back. A server on the same machine may have answered before that, and the client waits without end.
  // So the writing of a header is not waited for; what the server answers is.
  #waitForOpen() {
    const write = this.xmpp.write.bind(this.xmpp);
    this.xmpp.write = (data) => {
      const written = write(data);
      if (!String(data).includes("<stream:stream")) return written;
      written.catch((error) => this.xmpp.emit("error", error));
      return undefined;
    };
  }

  #watch(element) {
    if (element.is("starttls")) this.startedTls = true;
    // <auth/> of RFC 6120, <authenticate/> of XEP-0388.
    if (element.is("auth") || element.is("authenticate")) this.mechanism = element.attrs.mechanism;
  }

  #keep(stanza) {
    this.kept.push(stanza);
    this.arrival.emit("stanza");
  }

  /** The first stanza that is wanted; it is taken out of what was kept. */
  async expect(what, wanted) {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const index = this.kept.findIndex(wanted);
      if (index >= 0) return this.kept.splice(index, 1)[0];
      try {
        await once(this.arrival, "stanza", { signal: deadline });
      } catch {
        throw new Failure(`${this.address} waited for ${what}; kept: ${this.kept.join("\n")}`);
      }
    }
  }

  /** Presence of this type (none means available) from a contact. */
  expectPresence(sender, type, wanted = () => true) {
    return this.expect(
      `presence ${type ?? "available"} from ${sender.address}`,
      (stanza) =>
        stanza.is("presence") &&
        stanza.attrs.type === type &&
        stanza.attrs.from?.split("/")[0] === sender.address &&
        wanted(stanza),
    );
  }

  /** The message with this body. */
  expectMessage(body) {
    return this.expect(
      `the message ${body}`,
      (stanza) => stanza.is("message") && stanza.getChildText("body") === body,
    );
  }

  /** Start, until the client says that it is online or what went wrong. */
  async #start() {
    const online = once(this.xmpp, "online");
    this.xmpp.start().catch(() => {});
    await online;
  }

  /** Connect, and insist on TLS of the asked kind and on SCRAM. */
  async logIn() {
    await this.#start();
    if (!(this.xmpp.socket.socket instanceof TLSSocket)) throw new Failure("the connection is not encrypted");
    if (this.startedTls === DIRECT_TLS) throw new Failure("connected by the other kind of TLS");
    if (!this.mechanism.startsWith("SCRAM-")) throw new Failure(`authenticated by ${this.mechanism}, not by SCRAM`);
    return this.mechanism;
  }

  /** Log in, fetch the roster, and say so to everybody. */
  async goOnline() {
    const mechanism = await this.logIn();
    await this.roster();
    await this.sendPresence({});
    return mechanism;
  }

  /** Connect with a password that is wrong: the server must say `not-authorized`. */
  async logInIsRefused() {
    const refusal = await this.#start().then(
      () => undefined,
      (error) => error,
    );
    if (!refusal) throw new Failure("a session started with a wrong password");
    if (refusal.condition !== "not-authorized") throw new Failure(`a wrong password was answered by ${refusal}`);
    await this.logOut();
  }

  /** Close the stream and wait for the end of the connection. */
  async logOut() {
    await this.xmpp.stop();
  }

  /** Send an IQ request; its payload's answer, or the error the server gave. */
  request(type, payload) {
    return this.xmpp.iqCaller.request(xml("iq", { type }, payload), PATIENCE_MS);
  }

  /** The roster, as items by address. */
  async roster() {
    const answer = await this.request("get", xml("query", { xmlns: NS_ROSTER }));
    const items = answer.getChild("query").getChildren("item");
    return new Map(items.map((item) => [item.attrs.jid, item]));
  }

  /** Put a contact on the roster. */
  addToRoster(contact, name, group) {
    const item = xml("item", { jid: contact.address, name }, xml("group", {}, group));
    return this.request("set", xml("query", { xmlns: NS_ROSTER }, item));
  }

  sendPresence(attributes, ...children) {
    return this.xmpp.send(xml("presence", attributes, ...children));
  }

  say(to, body) {
    return this.xmpp.send(xml("message", { type: "chat", to }, xml("body", {}, body)));
  }

  /** XEP-0077 §3.3. */
  changePassword(password) {
    const username = this.address.split("@")[0];
    const form = xml("query", { xmlns: "jabber:iq:register" }, xml("username", {}, username), xml("password", {}, password));
    return this.request("set", form);
  }
}
