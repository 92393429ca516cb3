"""The script in the Flow: its signature and its message."""

import json
import subprocess
import time
import uuid

import pytest

from accounts.operations.provisioning.webhook import Webhook, operations
from accounts.sync import webhook
from local.node import node_for
from local.versions import chosen_version

from .flow import SECRET, sign

pytestmark = pytest.mark.django_db


# The script in the Flow


@pytest.mark.parametrize(
    "secret", ["s" * 32, "x" * 63, "x" * 64, "x" * 65, 'é"\\{{$trigger}}{}\n' * 4]
)
def test_the_flows_script_signs_as_the_site_expects(secret, tmp_path):
    keys = [str(uuid.uuid4()) for _ in range(3)]
    trigger = {
        "event": "users.update",
        "keys": keys,
        "payload": {"password": "Canary", "status": "active", "first_name": "Canary"},
    }

    signed = run_script(secret, trigger, tmp_path)

    assert signed["signature"] == sign(signed["timestamp"], signed["body"], secret)
    assert abs(int(signed["timestamp"]) - time.time()) < 60
    assert "Canary" not in signed["body"]
    message = webhook.Message.from_body(signed["body"].encode())
    assert [str(key) for key in message.directus_ids] == keys
    assert message.fields == {"password", "status"}


def test_the_flows_script_fits_any_number_of_users_into_a_message(tmp_path):
    keys = [str(uuid.uuid4()) for _ in range(5000)]
    trigger = {"event": "users.delete", "keys": keys, "payload": keys}

    signed = run_script(SECRET, trigger, tmp_path)

    message = webhook.Message.from_body(signed["body"].encode())
    assert (len(message.directus_ids), message.more) == (1000, True)
    assert len(signed["body"]) < 64 * 1024
    assert signed["signature"] == sign(signed["timestamp"], signed["body"])


def test_the_flows_script_holds_nothing_that_directus_takes_for_a_template():
    _send, signing = operations(Webhook("http://site/", "{{x}}" * 8))

    assert "{{" not in signing["options"]["code"]
    assert "}}" not in signing["options"]["code"]


def run_script(secret, trigger, folder):
    """Run the script of the Flow on an event; return its result."""
    code = operations(Webhook("http://site/", secret))[1]["options"]["code"]
    path = folder / "sign.cjs"
    event = json.dumps({"$trigger": trigger})
    path.write_text(
        f"{code}\nconsole.log(JSON.stringify(module.exports({event})));",
        encoding="utf-8",
    )
    node = node_for(chosen_version()).program
    ran = subprocess.run([node, path], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)
