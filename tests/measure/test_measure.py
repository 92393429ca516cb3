import json, time, pytest
from pathlib import Path
from local.http import Refused
import requests
pytestmark = pytest.mark.real

def call(url, token, method, path, body=None, params=None):
    r = requests.request(method, url + path, json=body, params=params, headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=20)
    try: out = r.json()
    except ValueError: out = r.text[:100]
    return r.status_code, out

def test_measure(directus_server, make_customer):
    st = directus_server; admin = st.admin; url = st.directus.url; at = st.state.secrets()["admin_token"]
    log = []
    def say(name, got):
        text = json.dumps(got, default=str)[:600]
        print(name, "=>", text, flush=True)
    def A(m, p, b=None, params=None): return call(url, at, m, p, b, params)
    info = A("GET", "/server/info")[1]["data"]; say("version", info.get("version")); say("license", info.get("license"))
    say("products", A("POST", "/collections", {"collection": "products", "meta": {}, "schema": {}, "fields": [
        {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}, "meta": {}},
        {"field": "name", "type": "string", "meta": {}, "schema": {"is_nullable": False}},
        {"field": "price", "type": "decimal", "meta": {}, "schema": {"numeric_precision": 20, "numeric_scale": 4}},
        ]})[0])
    say("tickets", A("POST", "/collections", {"collection": "tickets", "meta": {}, "schema": {}, "fields": [
        {"field": "id", "type": "uuid", "schema": {"is_primary_key": True, "has_auto_increment": False}, "meta": {"special": ["uuid"]}},
        {"field": "number", "type": "integer", "schema": {"is_unique": True}, "meta": {}},
        {"field": "subject", "type": "string", "schema": {"max_length": 20}, "meta": {"required": True, "validation": {"_and":[{"subject": {"_regex": "^[A-Za-z ]+$"}}]}, "validation_message": "Letters only."}},
        {"field": "text", "type": "text", "schema": {}, "meta": {}},
        {"field": "hidden", "type": "string", "schema": {}, "meta": {}},
        {"field": "price", "type": "decimal", "schema": {"numeric_precision": 20, "numeric_scale": 4}, "meta": {}},
        {"field": "big", "type": "bigInteger", "schema": {}, "meta": {}},
        {"field": "flt", "type": "float", "schema": {}, "meta": {}},
        {"field": "yes", "type": "boolean", "schema": {}, "meta": {}},
        {"field": "day", "type": "date", "schema": {}, "meta": {}},
        {"field": "t", "type": "time", "schema": {}, "meta": {}},
        {"field": "dt", "type": "dateTime", "schema": {}, "meta": {}},
        {"field": "ts", "type": "timestamp", "schema": {}, "meta": {}},
        {"field": "tags", "type": "json", "schema": {}, "meta": {"special": ["cast-json"], "interface": "tags"}},
        {"field": "csv", "type": "csv", "schema": {}, "meta": {"special": ["cast-csv"], "interface": "tags"}},
        {"field": "owner", "type": "uuid", "schema": {}, "meta": {"special": ["m2o"], "interface": "select-dropdown-m2o"}},
        {"field": "product", "type": "integer", "schema": {}, "meta": {"special": ["m2o"], "interface": "select-dropdown-m2o"}},
        {"field": "attachment", "type": "uuid", "schema": {}, "meta": {"special": ["file"], "interface": "file"}},
        {"field": "date_created", "type": "timestamp", "schema": {}, "meta": {"special": ["date-created"]}},
        {"field": "date_updated", "type": "timestamp", "schema": {}, "meta": {"special": ["date-updated"]}},
        {"field": "user_created", "type": "uuid", "schema": {}, "meta": {"special": ["user-created"]}},
        ]}))
    for f, c in (("owner", "directus_users"), ("product", "products"), ("attachment", "directus_files"), ("user_created","directus_users")):
        say("relation "+f, A("POST", "/relations", {"collection": "tickets", "field": f, "related_collection": c, "schema": {"on_delete": "SET NULL"}})[0])
    P = A("POST", "/items/products", [{"name": "A", "price": "12345678901234.5678"}, {"name": "B", "price": 1.5}]); say("product rows", P)
    role = st.customer_role
    has_policies = "policies" in (A("GET", "/roles/"+role)[1]["data"])
    pol = None
    if has_policies:
        pol = [r["policy"] for r in A("GET", "/access", params={"filter": json.dumps({"role": {"_eq": role}}), "fields": "policy"})[1]["data"]][0]
    def perm(action, collection="tickets", fields=None, permissions=None, validation=None, presets=None, policy=None):
        body = {"collection": collection, "action": action, "fields": fields or ["*"], "permissions": permissions, "validation": validation, "presets": presets}
        body |= {"policy": policy or pol} if has_policies else {"role": role}
        return A("POST", "/permissions", body)
    own = {"owner": {"_eq": "$CURRENT_USER"}}
    say("perm read", perm("read", fields=["id","number","subject","text","price","big","flt","yes","day","t","dt","ts","tags","csv","owner","product","attachment","date_created","date_updated"], permissions=own))
    say("perm create", perm("create", fields=["subject","text","product","number","price","big"], presets={"owner": "$CURRENT_USER"}, validation=None)[0])
    say("perm create+owner", None)
    say("perm update", perm("update", fields=["subject","text","product"], permissions=own)[0])
    say("perm delete", perm("delete", permissions=own)[0])
    say("perm products", perm("read", collection="products", fields=["id","name"], permissions={"id":{"_null": True}})[0])
    ada, bob = make_customer(), make_customer()
    ta, tb = admin.sign_in(ada.email, ada.password), admin.sign_in(bob.email, bob.password)
    C = lambda t, m, p, b=None, params=None: call(url, t, m, p, b, params)
    r = C(ta, "POST", "/items/tickets", {"subject": "Ada one"}, {"fields": "id,subject,owner,date_updated,date_created"}); say("create preset", r)
    say("create forged owner", C(ta, "POST", "/items/tickets", {"subject": "Ada f", "owner": bob.id}, {"fields": "id,owner"}))
    pk = r[1]["data"]["id"] if r[0] == 200 else None
    site = st.service_token
    made = A("POST", "/items/tickets", [{"subject": "Bob one", "owner": bob.id, "hidden": "s3cret", "number": 7}, {"subject": "Ada two", "owner": ada.id}], {"fields": "id,owner"}); say("admin create two", made)
    rows = made[1]["data"]; pb = next(r["id"] for r in rows if r["owner"] == bob.id); pa = next(r["id"] for r in rows if r["owner"] == ada.id)
    f = lambda i, o, **kw: {"query": {"filter": {"_and": [{"id": {"_eq": i}}, {"owner": {"_eq": o}}, *[{k: v} for k, v in kw.items()]]}}}
    for name, tok in (("customer", ta), ("admin", at)):
        say(name+" patch own", C(tok, "PATCH", "/items/tickets", f(pa, ada.id) | {"data": {"subject": "New subject"}}, {"fields": "id,subject,date_updated"}))
        say(name+" patch foreign", C(tok, "PATCH", "/items/tickets", f(pb, ada.id) | {"data": {"subject": "New subject"}}, {"fields": "id"}))
        say(name+" patch foreign as bob filter", C(tok, "PATCH", "/items/tickets", f(pb, bob.id) | {"data": {"subject": "By "+name}}, {"fields": "id,subject"}))
        cur = A("GET", "/items/tickets/"+pa)[1]["data"]["date_updated"]; say("date_updated now", cur)
        say(name+" patch date eq", C(tok, "PATCH", "/items/tickets", f(pa, ada.id, date_updated={"_eq": cur}) | {"data": {"subject": "Dated"}}, {"fields": "id,date_updated"}))
        say(name+" patch date stale", C(tok, "PATCH", "/items/tickets", f(pa, ada.id, date_updated={"_eq": cur}) | {"data": {"subject": "Stale"}}, {"fields": "id,date_updated"}))
        say(name+" hidden probe", C(tok, "PATCH", "/items/tickets", f(pb, bob.id, hidden={"_eq": "s3cret"}) | {"data": {"subject": "Probe"}}, {"fields": "id"}))
    say("date null filter", C(at, "PATCH", "/items/tickets", f(pb, bob.id, date_updated={"_null": True}) | {"data": {"subject": "Nulled"}}, {"fields": "id"}))
    say("invalid regex", C(ta, "PATCH", "/items/tickets", f(pa, ada.id) | {"data": {"subject": "123 !!"}}, {"fields": "id"}))
    say("invalid regex+too long", C(ta, "POST", "/items/tickets", {"subject": "1"*40, "number": "abc"}))
    say("too long", C(ta, "POST", "/items/tickets", {"subject": "a"*40}))
    say("missing required", C(ta, "POST", "/items/tickets", {"text": "x"}))
    say("fk missing", C(ta, "POST", "/items/tickets", {"subject": "Fk", "product": 999}))
    say("fk wrong type", C(ta, "POST", "/items/tickets", {"subject": "Fk", "product": "abc"}))
    say("number unique", C(ta, "POST", "/items/tickets", {"subject": "U", "number": 7}))
    say("number wrong type", C(ta, "POST", "/items/tickets", {"subject": "U", "number": "abc"}))
    say("nested write", C(ta, "POST", "/items/tickets", {"subject": "N", "product": {"id": 1, "name": "hacked"}}))
    say("nested write admin", C(at, "POST", "/items/tickets", {"subject": "N", "product": {"id": 1, "price": 0}}, {"fields": "id,product.price"}))
    say("types", A("POST", "/items/tickets", {"subject": "Types", "owner": ada.id, "price": "12345678901234.5678", "big": "9007199254740993", "flt": 0.1, "yes": True, "day": "2026-11-30", "t": "10:11:12", "dt": "2026-11-30T10:11:12", "ts": "2026-11-30T10:11:12Z", "tags": ["a,b", "c"], "csv": ["x", "y"]}, {"fields": "price,big,flt,yes,day,t,dt,ts,tags,csv,date_created,date_updated"}))
    say("big number", A("POST", "/items/tickets", {"subject": "Big", "big": 9007199254740991}, {"fields": "big"}))
    say("big too big", A("POST", "/items/tickets", {"subject": "Big", "big": "99999999999999999999999"}, {"fields": "big"}))
    say("list meta", C(ta, "GET", "/items/tickets", params={"fields": "id,subject,product.name", "meta": "filter_count", "limit": 2, "sort": "-date_created,id", "filter": json.dumps({"_and": [{"owner": {"_eq": ada.id}}]})}))
    say("list product.name no rows rule", C(ta, "GET", "/items/tickets", params={"fields": "id,product.name"}))
    say("products list norow", C(ta, "GET", "/items/products"))
    say("fields as customer tickets", [C(ta, "GET", "/fields/tickets")[0], str(C(ta, "GET", "/fields/tickets")[1])[:150]])
    say("fields as customer products", [C(ta, "GET", "/fields/products")[0], str(C(ta, "GET", "/fields/products")[1])[:100]])
    say("permissions/me", str(C(ta, "GET", "/permissions/me")[1])[:600])
    say("permissions/me/tickets/pk own", C(ta, "GET", f"/permissions/me/tickets/{pa}"))
    say("permissions/me/tickets/pk foreign", C(ta, "GET", f"/permissions/me/tickets/{pb}"))
    say("icontains", C(ta, "GET", "/items/tickets", params={"fields": "subject", "filter": json.dumps({"_or": [{"subject": {"_icontains": "ADA"}}, {"number": {"_icontains": "7"}}]})}))
    say("malformed uuid filter", C(ta, "GET", "/items/tickets", params={"filter": json.dumps({"id": {"_eq": "abc"}})})[0])
    say("malformed uuid path", C(ta, "GET", "/items/tickets/abc")[0])
    say("delete foreign", C(ta, "DELETE", "/items/tickets", {"query": {"filter": {"_and": [{"id": {"_eq": pb}}, {"owner": {"_eq": ada.id}}]}}}))
    say("still", A("GET", "/items/tickets/"+pb)[0])
    say("delete own", C(ta, "DELETE", "/items/tickets", {"query": {"filter": {"_and": [{"id": {"_eq": pa}}, {"owner": {"_eq": ada.id}}]}}}))
    say("gone", A("GET", "/items/tickets", params={"filter": json.dumps({"id": {"_eq": pa}})}))
    say("delete gone", C(ta, "DELETE", "/items/tickets", {"query": {"filter": {"_and": [{"id": {"_eq": pa}}, {"owner": {"_eq": ada.id}}]}}}))
    say("foreign filter owner.email probing", C(ta, "GET", "/items/tickets", params={"filter": json.dumps({"owner": {"email": {"_icontains": "a"}}}), "fields": "id"}))
    F = requests.post(url + "/files", files={"file": ("x.txt", b"hello", "text/plain")}, headers={"Authorization": f"Bearer {at}"}); say("file", F.status_code)
    fid = F.json()["data"]["id"]
    say("file fk by customer (update not allowed field)", C(ta, "PATCH", "/items/tickets", f(pk, ada.id) | {"data": {"attachment": fid}}, {"fields": "id"}) if pk else None)
    say("field meta owner", {k: A("GET", "/fields/tickets/"+k)[1]["data"]["schema"] for k in ("owner", "attachment")})
    say("relations readable", [C(ta, "GET", "/relations/tickets/owner")[0], C(site, "GET", "/relations/tickets/owner")[0]])
    print("END")
