"""What two people do with slixmpp, step by step; ends at the first step that fails and names it."""

import asyncio
import datetime
import os
import sys
from contextlib import contextmanager

from session import PATIENCE_SECS, Failure, Session

# An offline message was sent moments ago: its stamp may not be older than this.
STAMP_AGE_SECS = 300


@contextmanager
def step(name):
    """Print how the step ended; leave with status 1 when it failed."""
    try:
        yield
    except Exception as failure:  # whatever it is, the step failed
        print(f"failed: {name}: {type(failure).__name__}: {failure}", flush=True)
        sys.exit(1)
    print(f"ok: {name}", flush=True)


def subscriptions(person):
    """Whom this person's roster holds, and how."""
    return {jid: person.client_roster[jid]["subscription"] for jid in person.client_roster}


async def story():
    juliet_password, romeo_password = os.environ["JULIET_PASSWORD"], os.environ["ROMEO_PASSWORD"]

    with step("a wrong password is refused"):
        await Session("romeo", "not " + romeo_password).log_in_is_refused()

    juliet, romeo = Session("juliet", juliet_password), Session("romeo", romeo_password)
    with step("log in by SCRAM"):
        mechanisms = [await juliet.go_online(), await romeo.go_online()]
        print("mechanisms:", *mechanisms)

    with step("add a contact"):
        await romeo.update_roster("juliet@localhost", name="Juliet", groups=["Friends"])
        romeo.send_presence(pto=juliet.boundjid.bare, ptype="subscribe")
        await juliet.expect_presence(romeo, "subscribe")

    with step("accept a contact"):
        juliet.send_presence(pto=romeo.boundjid.bare, ptype="subscribed")
        juliet.send_presence(pto=romeo.boundjid.bare, ptype="subscribe")
        await romeo.expect_presence(juliet, "subscribed")
        await romeo.expect_presence(juliet, "available")
        await romeo.expect_presence(juliet, "subscribe")
        romeo.send_presence(pto=juliet.boundjid.bare, ptype="subscribed")
        await juliet.expect_presence(romeo, "subscribed")
        await juliet.expect_presence(romeo, "available")
        await romeo.get_roster(timeout=PATIENCE_SECS)
        if subscriptions(romeo).get("juliet@localhost") != "both":
            raise Failure(f"romeo's roster: {subscriptions(romeo)}")
        entry = romeo.client_roster["juliet@localhost"]
        if (entry["name"], entry["groups"]) != ("Juliet", ["Friends"]):
            raise Failure(f"romeo's entry lost its name or group: {entry['name']} {entry['groups']}")

    with step("presence comes and goes"):
        romeo.send_presence(pshow="away", pstatus="at the balcony")
        seen = await juliet.expect_presence(romeo, "away")
        if seen["status"] != "at the balcony":
            raise Failure(f"romeo's status arrived as {seen['status']!r}")
        await romeo.log_out()
        await juliet.expect_presence(romeo, "unavailable")
        romeo = Session("romeo", romeo_password)
        await romeo.go_online()
        await juliet.expect_presence(romeo, "available")
        await romeo.expect_presence(juliet, "available")

    with step("chat both ways"):
        romeo.send_message(mto=juliet.boundjid.bare, mbody="Shall I speak at this? 🌹 <&>", mtype="chat")
        heard = await juliet.expect_message("Shall I speak at this? 🌹 <&>")
        heard.reply("Ay me!").send()
        answer = await romeo.expect_message("Ay me!")
        if answer["delay"].xml.get("stamp"):
            raise Failure("a message that was delivered at once carries a delay stamp")

    with step("an offline message arrives with its stamp"):
        await romeo.log_out()
        await juliet.expect_presence(romeo, "unavailable")
        juliet.send_message(mto=romeo.boundjid.bare, mbody="Good night, good night!", mtype="chat")
        romeo = Session("romeo", romeo_password)
        await romeo.go_online()
        late = await romeo.expect_message("Good night, good night!")
        stamp = late["delay"]["stamp"]
        age = datetime.datetime.now(datetime.timezone.utc) - stamp if stamp else None
        if age is None or abs(age.total_seconds()) > STAMP_AGE_SECS:
            raise Failure(f"the delay stamp is {stamp} in {late}")

    with step("change the password"):
        await juliet.plugin["xep_0077"].change_password("new " + juliet_password, timeout=PATIENCE_SECS)
        await juliet.log_out()
        await Session("juliet", juliet_password).log_in_is_refused()
        juliet = Session("juliet", "new " + juliet_password)
        await juliet.go_online()
        await juliet.expect_presence(romeo, "available")

    with step("log out"):
        await juliet.log_out()
        await romeo.log_out()


asyncio.run(story())
