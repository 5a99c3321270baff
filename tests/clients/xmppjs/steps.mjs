// What two people do with @xmpp/client, step by step; ends at the first step that fails and names it.

import { Failure, Session, xml } from "./session.mjs";

// An offline message was sent moments ago: its stamp may not be older than this.
const STAMP_AGE_MS = 300_000;

// How long one step may take. The client waits without end for a server that says nothing.
const STEP_MS = 120_000;

/** Print how the step ended; leave with status 1 when it failed. */
async function step(name, act) {
  const deadline = new Promise((_, reject) => {
    setTimeout(() => reject(new Failure(`not done after ${STEP_MS} ms`)), STEP_MS).unref();
  });
  try {
    await Promise.race([act(), deadline]);
  } catch (failure) {
    console.log(`failed: ${name}: ${failure.stack}`);
    process.exit(1);
  }
  console.log(`ok: ${name}`);
}

const julietPassword = process.env.JULIET_PASSWORD;
const romeoPassword = process.env.ROMEO_PASSWORD;
let juliet = new Session("juliet", julietPassword);
let romeo = new Session("romeo", romeoPassword);

await step("a wrong password is refused", () => new Session("romeo", `not ${romeoPassword}`).logInIsRefused());

await step("log in by SCRAM", async () => {
  console.log("mechanisms:", await juliet.goOnline(), await romeo.goOnline());
});

await step("add a contact", async () => {
  await romeo.addToRoster(juliet, "Juliet", "Friends");
  await romeo.sendPresence({ to: juliet.address, type: "subscribe" });
  await juliet.expectPresence(romeo, "subscribe");
});

await step("accept a contact", async () => {
  await juliet.sendPresence({ to: romeo.address, type: "subscribed" });
  await juliet.sendPresence({ to: romeo.address, type: "subscribe" });
  await romeo.expectPresence(juliet, "subscribed");
  await romeo.expectPresence(juliet, undefined);
  await romeo.expectPresence(juliet, "subscribe");
  await romeo.sendPresence({ to: juliet.address, type: "subscribed" });
  await juliet.expectPresence(romeo, "subscribed");
  await juliet.expectPresence(romeo, undefined);
  const entry = (await romeo.roster()).get(juliet.address);
  const kept = [entry?.attrs.subscription, entry?.attrs.name, entry?.getChildText("group")];
  if (kept.join() !== "both,Juliet,Friends") throw new Failure(`romeo's roster entry is ${entry}`);
});

await step("presence comes and goes", async () => {
  await romeo.sendPresence({}, xml("show", {}, "away"), xml("status", {}, "at the balcony"));
  const away = (presence) => presence.getChildText("show") === "away";
  const seen = await juliet.expectPresence(romeo, undefined, away);
  if (seen.getChildText("status") !== "at the balcony") throw new Failure(`romeo's status arrived as ${seen}`);
  await romeo.logOut();
  await juliet.expectPresence(romeo, "unavailable");
  romeo = new Session("romeo", romeoPassword);
  await romeo.goOnline();
  await juliet.expectPresence(romeo, undefined);
  await romeo.expectPresence(juliet, undefined);
});

await step("chat both ways", async () => {
  await romeo.say(juliet.address, "Shall I speak at this? 🌹 <&>");
  const heard = await juliet.expectMessage("Shall I speak at this? 🌹 <&>");
  await juliet.say(heard.attrs.from, "Ay me!");
  const answer = await romeo.expectMessage("Ay me!");
  if (answer.getChild("delay")) throw new Failure("a message that was delivered at once carries a delay stamp");
});

await step("an offline message arrives with its stamp", async () => {
  await romeo.logOut();
  await juliet.expectPresence(romeo, "unavailable");
  await juliet.say(romeo.address, "Good night, good night!");
  romeo = new Session("romeo", romeoPassword);
  await romeo.goOnline();
  const late = await romeo.expectMessage("Good night, good night!");
  const stamp = late.getChild("delay", "urn:xmpp:delay")?.attrs.stamp;
  const age = Math.abs(Date.now() - Date.parse(stamp));
  if (!(age < STAMP_AGE_MS)) throw new Failure(`the delay stamp is ${stamp} in ${late}`);
});

await step("change the password", async () => {
  await juliet.changePassword(`new ${julietPassword}`);
  await juliet.logOut();
  await new Session("juliet", julietPassword).logInIsRefused();
  juliet = new Session("juliet", `new ${julietPassword}`);
  await juliet.goOnline();
  await juliet.expectPresence(romeo, undefined);
});

await step("log out", async () => {
  await juliet.logOut();
  await romeo.logOut();
});

process.exit(0);
