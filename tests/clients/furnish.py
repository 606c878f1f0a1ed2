"""Things for generated requests to find: what exists has an id that nobody would guess.

Makes users, groups, types of a tenant's own with resources, tokens, applications and tenants through the APIs, and gives
the values that Schemathesis is to use now and then, by the name of the list; the rest it makes up itself.
"""

import json
import pathlib
import urllib.request

import credentials

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schemas"
ADMIN_URL = f"{credentials.BASE_URL}/api/v1/admin"
# Whoever deletes has a list of its own, so that the others find theirs.
OF_EACH = 12


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def get(url, token=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def send(method, url, token, body):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def lists():
    """Makes all of it."""
    jwt, scim_token = credentials.admin_token(), credentials.SCIM_TOKEN
    tenant = credentials.ALL["tenant"]["id"]

    def admin(path, body, method="POST"):
        return send(method, ADMIN_URL + path, jwt, body)

    def resources(endpoint, bodies):
        return [send("POST", credentials.SCIM_URL + endpoint, scim_token, body)["id"] for body in bodies]

    schemas = [example(name) for name in ("device", "device-ble", "agent", "badge")]
    types = [example(name) for name in ("device-type", "agent-type")]
    for schema in schemas:
        admin(f"/tenants/{tenant}/schemas/", schema)
    for one in types:
        admin(f"/tenants/{tenant}/resource-types/", one)
    admin(f"/tenants/{tenant}/resource-types/User", example("user-type"), "PUT")

    twice = range(2 * OF_EACH)
    users = resources("/Users", [{"userName": f"user{n}", "emails": [{"value": f"{n}@example.com"}]} for n in twice])
    members = [{"value": user} for user in users[:OF_EACH]]
    groups = resources("/Groups", [{"displayName": f"Group {n}", "members": members} for n in twice])
    devices = resources("/Devices", [{"displayName": f"Lamp {n}", "active": True} for n in twice])
    tokens = [admin("/scim-tokens/", {"name": f"token {n}", "tenant_id": tenant})["id"] for n in twice]
    applications = [admin("/applications/", {"name": f"client {n}", "scopes": ["scim:read"]})["id"] for n in twice]
    tenants = [admin("/tenants/", {"name": f"tenant {n}"})["id"] for n in range(OF_EACH)]
    urns = [schema["id"] for schema in schemas]
    core = "urn:ietf:params:scim:schemas:core:2.0"
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    return {
        "users": users[:OF_EACH],
        "groups": groups[:OF_EACH],
        "devices": devices[:OF_EACH],
        "tokens": tokens[:OF_EACH],
        "applications": applications[:OF_EACH],
        "users-to-delete": users[OF_EACH:],
        "groups-to-delete": groups[OF_EACH:],
        "devices-to-delete": devices[OF_EACH:],
        "tokens-to-delete": tokens[OF_EACH:],
        "applications-to-delete": applications[OF_EACH:],
        "tenants": tenants,
        "tenant": [tenant],
        "logs": [log["id"] for log in get(f"{ADMIN_URL}/request-logs/?tenant_id={tenant}", jwt)["items"]],
        "times": ["2026-01-01T00:00:00Z", "2036-01-01T00:00:00+02:00"],
        "actions": ["scim_token.create", "tenant.create", "schema.create"],
        "endpoints": ["Devices", "devices", "Agents", "/Devices"],
        "urns": [*urns, f"{core}:User", f"{core}:Group", enterprise],
        "types": ["User", "Group", "Device", "Agent"],
        "attributes": ["userName", "name.familyName", "members", "emails.value", f"{urns[3]}:number", "serialNumber",
                       "meta.created", f"{enterprise}:manager", "id"],
        "filters": ['userName eq "user1"', 'emails[value ew "example.com"].value', "active eq true and not (title pr)",
                    f'{urns[3]}:number gt 3', 'meta.created gt "2026-01-01T00:00:00Z"', 'serialNumber sw "a"',
                    f'members.value eq "{users[0]}"', f'owner.value eq "{users[0]}" or displayName co "lamp"'],
        "patch-paths": ["userName", "name", "name.familyName", 'emails[value eq "1@example.com"]', "emails.type",
                        'emails[type eq "work"].value', "members", f'members[value eq "{users[0]}"]', "active",
                        f"{urns[3]}:number", f"{enterprise}:manager", "serialNumber", "displayName", urns[3]],
        "bulk-paths": ["/Users", "/Groups", "/Devices", f"/Users/{users[0]}", f"/Groups/{groups[0]}", "/Users/bulkId:a",
                       f"/Devices/{devices[0]}", "/Nothing"],
        "bulk-methods": ["POST", "PUT", "PATCH", "DELETE"],
        "bulk-ids": ["a", "b", "c"],
        "patch-schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "patch-ops": ["add", "replace", "remove", "Add"],
        "new-urns": [f"urn:example:{n}" for n in range(2 * OF_EACH)],
        "new-endpoints": [f"/Things{n}" for n in range(2 * OF_EACH)],
        "versions": ['W/"1"', 'W/"2"', "*"],
        "names": ["displayName", "serialNumber", "number", "owner", "added", "userName", "value"],
    }
