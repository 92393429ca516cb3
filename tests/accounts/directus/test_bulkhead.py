"""How many threads wait for Directus, and for how long."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.directus import DirectusUnavailable, Upload, time_budget
from accounts.directus import bulkhead as module
from accounts.directus.bulkhead import Bulkhead, WaitingRoom
from accounts.directus.calls import Kind
from tests.fault_server import after, data, hangs, says, says_and_closes

from .calls import ADA, AUTH, CALLS, ID, TOKENS

SLOTS = {"login_slots": 4, "file_slots": 2, "call_slots": 3}
# Which calls hang, and how many of them Directus may see at once.
KINDS = {
    "sign-in": (CALLS["login"], 4),
    "reset": (CALLS["request"], 4),
    "renewal": (CALLS["refresh"], 3),
    "profile": (CALLS["get"], 3),
    "confirmation": (CALLS["verify"], 3),
    "way to a provider": (CALLS["begin"], 2),
    "way back": (CALLS["finish"], 2),
    "picture": (lambda client: client.download_picture(ID), 2),
    "upload": (
        lambda client: client.upload_file(Upload(b"x", "x.webp", "image/webp", {})),
        2,
    ),
}


def storm(action, count=40, errors=None):
    """Act in many threads, each in a request of its own; return what was raised."""
    errors = [] if errors is None else errors

    def act(_):
        with time_budget(30):
            try:
                action()
            except DirectusUnavailable as error:
                errors.append(error)

    with ThreadPoolExecutor(count) as threads:
        list(threads.map(act, range(count)))
    return errors


@pytest.mark.parametrize("kind", KINDS)
def test_few_calls_hang_and_all_others_are_refused(serve, client_of, kind):
    call, slots = KINDS[kind]
    server = serve(hangs())
    client = client_of(
        server, auth=AUTH, total_timeout=25, read_timeout=25, login_timeout=25, **SLOTS
    )
    refused = []
    others = threading.Thread(target=storm, args=(lambda: call(client), 40, refused))
    others.start()

    until(lambda: len(refused) >= 40 - slots and len(server.requests) >= slots)

    assert len(refused) == 40 - slots
    assert all(error.never_sent for error in refused)
    assert {error.retry_after for error in refused} == {module.RETRY_SECONDS}
    assert len(server.requests) == slots
    server.script = [says_and_closes(b"")]
    server.close_connections()
    others.join()


def until(is_so):
    ends_at = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_calls_of_another_kind_get_through_meanwhile(serve, client_of):
    server = serve(hangs())
    client = client_of(server, auth=AUTH, login_timeout=25, **SLOTS)
    refused = []
    hanging = threading.Thread(
        target=storm, args=(lambda: CALLS["login"](client), 12, refused)
    )
    hanging.start()
    until(lambda: len(refused) >= 8 and len(server.requests) >= 4)
    server.script = [says(data(ADA))]

    with time_budget(10):
        assert CALLS["get"](client).email == "ada@example.com"

    assert server.count("POST") == 4
    server.script = [says_and_closes(b"")]
    server.close_connections()
    hanging.join()


def test_while_directus_answers_no_call_of_a_burst_is_refused(
    serve, client_of, monkeypatch
):
    # Much longer than one call, much shorter than all: for a busy machine.
    monkeypatch.setattr(module, "LONGEST_WAIT", 20)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 5)
    monkeypatch.setattr(module, "QUICK_SECONDS", 5)
    server = serve(after(0.03, says(data(ADA))))
    client = client_of(server, auth=AUTH, **SLOTS)

    assert storm(lambda: CALLS["get"](client)) == []


def test_sign_ins_wait_for_the_half_second_that_directus_takes(serve, client_of):
    server = serve(after(0.6, says(data(TOKENS))))
    client = client_of(server, **SLOTS)

    assert storm(lambda: CALLS["login"](client), 6) == []


def test_few_sign_ins_wait_for_others(serve, client_of, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT", 20)
    server = serve(hangs())
    client = client_of(server, login_timeout=25, **SLOTS)
    client._transport._bulkheads[Kind.PASSWORD]._patience = 20
    refused = []
    others = threading.Thread(
        target=storm, args=(lambda: CALLS["login"](client), 20, refused)
    )
    others.start()

    # Four under way, and two that wait.
    until(lambda: len(refused) >= 14)

    assert len(refused) == 14
    server.script = [says_and_closes(b"")]
    server.close_connections()
    others.join()


def test_slots_are_free_again(serve, client_of):
    server = serve(says(data(TOKENS)))
    client = client_of(server, login_slots=1)

    for _ in range(3):
        CALLS["login"](client)


def test_a_command_waits_for_its_turn(serve, client_of):
    server = serve(after(0.7, says(data(ADA))))
    client = client_of(server, auth=AUTH, call_slots=1)

    with ThreadPoolExecutor(4) as threads:
        users = list(threads.map(lambda _: CALLS["get"](client), range(4)))

    assert len(users) == 4


def hold(slot_or_place, until):
    """Hold something in another thread; return when it is held."""
    held = threading.Event()

    def enter():
        with slot_or_place:
            held.set()
            until.wait(20)

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    assert held.wait(20)
    return thread


def test_after_a_slot_has_hung_for_a_while_no_call_waits(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    bulkhead, end = Bulkhead(1), threading.Event()
    thread = hold(bulkhead.slot(), end)
    time.sleep(0.1)
    monkeypatch.setattr(bulkhead._free, "wait", pytest.fail)

    with pytest.raises(DirectusUnavailable), bulkhead.slot():
        pass

    monkeypatch.undo()
    end.set()
    thread.join()
    with bulkhead.slot():
        pass


# Waiting for another request


def test_a_few_wait_for_long_and_others_for_a_moment(monkeypatch):
    now = 0.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    room = WaitingRoom(1)
    with room.waiting() as long, room.waiting() as short:
        short()
        now += module.ROOM_SECONDS + 0.1
        long()
        with pytest.raises(DirectusUnavailable) as caught:
            short()
        assert caught.value.retry_after

        with pytest.raises(DirectusUnavailable), room.waiting():
            pass

    with room.waiting() as check:
        check()


def test_no_call_waits_when_the_time_of_the_request_is_over():
    room = WaitingRoom(1).waiting()
    with time_budget(0), room as check, pytest.raises(DirectusUnavailable) as caught:
        check()

    assert caught.value.timed_out
