"""The rights that directus_setup gives, tried on a real Directus."""

import base64
import json
import secrets

import pytest
import requests

from accounts.directus import (
    BearerAuth,
    DirectusAPIError,
    DirectusClient,
    Forbidden,
    InvalidPayload,
    Transport,
    ids,
)
from accounts.operations.provisioning import Options
from local.admin import totp

pytestmark = pytest.mark.versions

PROFILE = "id,email,first_name,last_name,status,language,last_access,provider"
OPTIONS = Options()
ROLE = ids.customer_role_id("Customer")
since_11 = pytest.mark.directus(11, 12)
SINCE_11 = [pytest.param(path, marks=since_11) for path in ("/policies", "/access")]


def client_of(stack, token):
    return DirectusClient(Transport(stack.directus.url), auth=BearerAuth(token))


@pytest.fixture
def service(directus_server):
    """A client with the site's own token."""
    return client_of(directus_server, directus_server.service_token)


@pytest.fixture
def customer(directus_server, make_customer):
    """A customer, as (the row, a client with the own access token)."""
    row = make_customer(first_name="Ada")
    anonymous = DirectusClient(Transport(directus_server.directus.url))
    tokens = anonymous.login(email=row.email, password=row.password)
    return row, client_of(directus_server, tokens.access_token)


@pytest.mark.directus(10, 11)
@pytest.mark.real
def test_a_customer_reads_the_whole_own_profile(customer):
    row, client = customer

    profile = client.get("/users/me", params={"fields": f"{PROFILE},role.id,role.name"})

    assert profile.keys() == {*PROFILE.split(","), "role"}
    assert profile["email"] == row.email
    assert profile["role"]["name"] == "Customer"


@pytest.mark.real
@pytest.mark.parametrize("field", ["role", "status", "email", "token", "policies"])
def test_a_customer_cannot_change_the_own_identity(customer, directus_server, field):
    row, client = customer
    values = {
        "role": directus_server.admin.role_id("Administrator"),
        "policies": [{"policy": ids.SERVICE_POLICY}],
    }

    for path in ("/users/me", f"/users/{row.id}"):
        with pytest.raises(Forbidden):
            client.patch(path, {field: values.get(field, "active")})

    assert directus_server.admin.get_user(row.id)["role"] == ids.customer_role_id(
        "Customer"
    )


def listed(client, path):
    """Return what a client sees; a refusal is nothing."""
    try:
        return client.get(path, params={"limit": "-1"})
    except Forbidden:
        return []


@pytest.mark.real
def test_a_customer_sees_and_changes_no_other_user(customer, make_customer):
    row, client = customer
    other = make_customer()

    assert {user["id"] for user in listed(client, "/users")} <= {row.id}
    assert {role["name"] for role in listed(client, "/roles")} <= {"Customer"}
    with pytest.raises(Forbidden):
        client.get(f"/users/{other.id}")
    with pytest.raises(Forbidden):
        client.patch(f"/users/{other.id}", {"first_name": "Eve"})


@pytest.mark.real
@pytest.mark.parametrize("path", ["/settings", "/activity", "/translations", *SINCE_11])
def test_a_customer_reads_nothing_of_directus_itself(customer, path):
    with pytest.raises(Forbidden):
        customer[1].get(path)


@pytest.mark.directus(10, 11)
@pytest.mark.real
@pytest.mark.parametrize(
    "extra",
    [
        {"role": None},
        {"role": "Administrator"},
        {"role": {"name": "New"}},
        {"status": "bogus"},
        {"token": "a-token-of-ones-own"},
        {"policies": [{"policy": ids.SERVICE_POLICY}]},
    ],
)
def test_the_service_token_creates_nothing_but_customers(
    service, directus_server, extra
):
    email = f"new-{secrets.token_hex(6)}@example.com"
    if extra.get("role") == "Administrator":
        extra = {"role": directus_server.admin.role_id("Administrator")}

    with pytest.raises((Forbidden, InvalidPayload)):
        service.post("/users", {"email": email, "password": "x" * 20} | extra)

    assert directus_server.admin.find_user(email) is None


@pytest.mark.directus(10, 11)
@pytest.mark.real
def test_a_user_created_with_the_service_token_is_a_customer(service, directus_server):
    email = f"new-{secrets.token_hex(6)}@example.com"

    service.post("/users", {"email": email, "password": "x" * 20})

    user = directus_server.admin.find_user(email)
    assert user["role"] == directus_server.customer_role
    assert user["status"] == "active"


@pytest.mark.directus(10, 11)
@pytest.mark.real
def test_the_service_token_cannot_touch_administrators(service, directus_server):
    admin = directus_server.admin.find_user(
        directus_server.credentials()["admin_email"]
    )
    me = service.get("/users/me")

    for user_id in (admin["id"], me["id"]):
        for changes in ({"password": "x" * 20}, {"status": "suspended"}):
            with pytest.raises(Forbidden):
                service.patch(f"/users/{user_id}", changes)


@pytest.mark.directus(11)
@pytest.mark.real
def test_an_administrator_in_the_customers_role_is_out_of_reach(
    service, directus_server, make_customer
):
    row = make_customer()
    (policy,) = directus_server.admin.call(
        "GET", "/policies?fields=id&filter[admin_access][_eq]=true"
    )
    access = directus_server.admin.call(
        "POST", "/access", {"user": row.id, "policy": policy["id"]}
    )
    try:
        with pytest.raises(Forbidden):
            service.patch(f"/users/{row.id}", {"password": "x" * 20})
    finally:
        directus_server.admin.call("DELETE", f"/access/{access['id']}")

    service.patch(f"/users/{row.id}", {"password": "x" * 20})


@pytest.mark.real
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/settings", {"public_registration": False}),
        ("POST", "/roles", {"name": "New"}),
        pytest.param(
            *("POST", "/policies", {"name": "New", "admin_access": True}),
            marks=since_11,
        ),
        pytest.param(
            *("POST", "/access", {"policy": ids.SERVICE_POLICY}), marks=since_11
        ),
        ("POST", "/permissions", {"policy": ids.SERVICE_POLICY}),
    ],
)
def test_the_service_token_cannot_widen_its_rights(service, method, path, body):
    with pytest.raises(DirectusAPIError) as caught:
        service.patch(path, body) if method == "PATCH" else service.post(path, body)

    assert caught.value.status == 403


# Profile pictures, kept by the site in one folder

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)
BEYOND = pytest.mark.directus(10, 11)


@pytest.fixture
def upload(directus_server):
    """Return a function that uploads a picture with the site's token or another."""

    def upload(folder=ids.PICTURE_FOLDER, token=directus_server.service_token):
        return requests.post(
            f"{directus_server.directus.url}/files",
            data={"folder": folder} if folder else {},
            files={"file": ("ada.png", PIXEL, "image/png")},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )

    return upload


@pytest.fixture
def asset(directus_server):
    """Return a function that asks for a file's content; gives the answer."""

    def asset(file_id, token=directus_server.service_token):
        return requests.get(
            f"{directus_server.directus.url}/assets/{file_id}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=10,
        )

    return asset


@pytest.fixture
def foreign_file(directus_server, upload):
    """A file outside the folder, uploaded by an administrator."""
    token = directus_server.state.secrets()["admin_token"]
    file_id = upload("", token).json()["data"]["id"]
    yield file_id
    directus_server.admin.call("DELETE", f"/files/{file_id}")


@pytest.mark.real
def test_the_site_keeps_a_picture_and_takes_it_away(
    service, customer, upload, asset, directus_server
):
    row, _client = customer

    file_id = upload().json()["data"]["id"]
    service.update_user(row.id, {"avatar": file_id})

    assert asset(file_id).content == PIXEL
    (user,) = directus_server.admin.call(
        "GET", f"/users?fields=avatar&filter[id][_eq]={row.id}"
    )
    assert user["avatar"] == file_id
    service.update_user(row.id, {"avatar": None})
    service.delete(f"/files/{file_id}")
    assert asset(file_id).status_code == 403


@pytest.mark.real
def test_only_the_site_reaches_a_picture(customer, upload, asset, directus_server):
    row, client = customer
    file_id = upload().json()["data"]["id"]
    own = client.get("/users/me")["id"]

    assert own == row.id
    for token in ("", directus_server.admin.sign_in(row.email, row.password)):
        assert asset(file_id, token).status_code == 403
    with pytest.raises(Forbidden):
        client.delete(f"/files/{file_id}")
    for path in ("/users/me", f"/users/{row.id}"):
        with pytest.raises(Forbidden):
            client.patch(path, {"avatar": file_id})


@pytest.mark.real
@BEYOND
def test_the_sites_files_lie_in_the_folder_alone(
    service, upload, asset, foreign_file, directus_server
):
    other = directus_server.admin.call("POST", "/folders", {"name": "Elsewhere"})["id"]
    inside = upload("").json()["data"]["id"]
    folder = directus_server.admin.call("GET", f"/files/{inside}")["folder"]

    assert folder == ids.PICTURE_FOLDER
    assert upload(other).status_code == 400
    assert asset(foreign_file).status_code == 403
    with pytest.raises(Forbidden):
        service.delete(f"/files/{foreign_file}")
    own = {ids.PICTURE_FOLDER, ids.DEFAULT.items_folder("tickets")}
    assert {row["id"] for row in service.get("/folders")} == own


@pytest.mark.real
@BEYOND
@pytest.mark.parametrize("values", [{"filename_disk": "data.db"}, {"folder": None}])
def test_a_file_cannot_be_made_another(service, upload, values):
    file_id = upload().json()["data"]["id"]

    with pytest.raises(Forbidden):
        service.patch(f"/files/{file_id}", values)
    with pytest.raises((Forbidden, InvalidPayload)):
        service.post("/files", {"type": "image/png", "storage": "local"} | values)


# The account itself


@pytest.mark.real
def test_the_site_deletes_a_customer(service, customer, directus_server):
    row, _client = customer

    service.delete(f"/users/{row.id}")

    assert directus_server.admin.find_user(row.email) is None


@pytest.mark.real
@BEYOND
def test_the_site_deletes_no_other_user(service, directus_server):
    email = directus_server.credentials()["admin_email"]
    me = service.get("/users/me", params={"fields": "id"})["id"]

    for user_id in (directus_server.admin.find_user(email)["id"], me):
        with pytest.raises(Forbidden):
            service.delete(f"/users/{user_id}")


@pytest.mark.real
def test_a_second_factor_shows_without_its_secret(
    service, make_customer, directus_server
):
    row = make_customer()
    fields = {"fields": "tfa_secret"}
    before = service.get(f"/users/{row.id}", params=fields)
    secret = directus_server.admin.enable_second_factor(row.id, row.email, row.password)

    after = service.get(f"/users/{row.id}", params=fields)

    assert before["tfa_secret"] is None
    assert set(after["tfa_secret"]) == {"*"}
    # Or it could be guessed letter by letter.
    for operator in ("_starts_with", "_eq", "_contains"):
        rule = json.dumps({"tfa_secret": {operator: secret[:4]}})
        with pytest.raises(DirectusAPIError):
            service.get("/users", params={"filter": rule})


@pytest.mark.real
@BEYOND
def test_a_customer_switches_the_second_factor_on(customer):
    row, client = customer

    secret = client.post("/users/me/tfa/generate", {"password": row.password})["secret"]
    client.post("/users/me/tfa/enable", {"secret": secret, "otp": totp(secret)})

    assert client.get("/users/me")["tfa_secret"] == "*" * 10


@pytest.mark.real
def test_the_site_learns_the_type_of_fields(service, customer):
    fields = {row["field"]: row for row in service.get("/fields/directus_users")}

    assert {"first_name", "avatar", "tfa_secret"} <= fields.keys()
    assert fields["first_name"]["type"] == "string"
    with pytest.raises(Forbidden):
        customer[1].get("/fields/directus_users")
