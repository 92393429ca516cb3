"""Ports: chosen by the environment, and refused in plain words when taken."""

import socket

import pytest

from local import ports as module
from local.ports import HOST, Ports, free_port, is_free
from local.problem import Problem


def test_a_listening_port_is_not_free():
    with socket.create_server((HOST, 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_free_port_is_found_where_no_outgoing_connection_has_its_own():
    taken = free_port()
    with socket.create_server((HOST, taken)):
        others = {free_port() for _ in range(100)}

    assert taken not in others
    assert all(10_000 <= port < 32_000 for port in others)


def test_the_environment_chooses_a_port(monkeypatch):
    monkeypatch.setenv("DIRECTUS_PORT", "9055")

    assert Ports.from_environment().directus == 9055


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1"])
def test_nonsense_for_a_port_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)

    with pytest.raises(Problem, match="PORT must be a port number"):
        Ports.from_environment()


def test_a_taken_port_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr(module, "is_free", lambda port: port != 3)

    with pytest.raises(Problem, match=r"Port 3 is in use.*`make run MAIL_PORT=4`"):
        Ports(1, 2, 3, 4).check()


def test_two_parts_cannot_share_a_port():
    with pytest.raises(Problem, match="DIRECTUS_PORT and PORT are both 7"):
        Ports(site=7, directus=7).check()


def test_equal_ports_are_reported_although_one_is_in_use():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(Problem, match=f"MAIL_PORT and PORT are both {port}"):
            Ports(site=port, mail=port).check()
