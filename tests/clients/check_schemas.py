"""Clients work with types and extensions that a tenant has defined: the examples of docs/schemas.md.

They are defined through the admin API while the server runs. Then scim2-client discovers them, makes models of what it
found, and its own validation goes over all that the server answers: to a bulk request across types, to filters through
indexes, to PATCH, PUT and DELETE. scim2-cli has commands for them.
"""

import json
import os
import pathlib
import subprocess
import urllib.request

import credentials
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SCIMException, SearchRequest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schemas"
ADMIN_URL = f"{credentials.BASE_URL}/api/v1/admin/tenants/{credentials.ALL['tenant']['id']}"
ADMIN_TOKEN = credentials.admin_token()
BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User"
BLE = "urn:ietf:params:scim:schemas:extension:ble:2.0:Device"


def step(text):
    print("scim2-client:", text)


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def admin(method, path, body):
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(ADMIN_URL + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


for name in ["device", "device-ble", "agent", "badge"]:
    admin("POST", "/schemas/", example(name))
for name in ["device-type", "agent-type"]:
    admin("POST", "/resource-types/", example(name))
admin("PUT", "/resource-types/User", example("user-type"))
step("defined four schemas and two resource types, and extended users")

http = Client(base_url=credentials.SCIM_URL, headers={"Authorization": f"Bearer {credentials.SCIM_TOKEN}"})
scim = SyncSCIMClient(http)
scim.discover()
User, Device, Agent = (scim.get_resource_model(name) for name in ("User", "Device", "Agent"))
Badge, Ble = User.get_extension_model(BADGE), Device.get_extension_model(BLE)
assert Badge is not None and Ble is not None, "the extensions were not discovered"
step("discovered them")

answer = scim.bulk(example("bulk"))
assert [int(operation.status) for operation in answer.operations] == [201] * 4, answer
lamp_id, mail_id, desk_id, ana_id = (operation.location.rsplit("/", 1)[1] for operation in answer.operations)
lamp, mail, ana = scim.query(Device, lamp_id), scim.query(Agent, mail_id), scim.query(User, ana_id)
assert lamp.owner.value == ana_id and mail.parent.value == desk_id and ana[Badge].number == 7
assert lamp[Ble].version_support == ["5.2", "5.3"] and lamp[Ble].pairing_pass_key is None
step("made a device, two agents and a user by bulk, each referring to others before they are there")


def found(model, filter):
    return [one.id for one in scim.query(model, query_parameters=SearchRequest(filter=filter)).resources or []]


assert found(Device, 'serialNumber eq "LH-0001"') == [lamp_id]
assert found(Device, f'{BLE}:deviceMacAddress eq "2c:54:91:88:c9:e2"') == [lamp_id]
assert found(Device, 'firstSeen gt "2026-01-01T00:00:00Z"') == [lamp_id]
assert found(Agent, f'parent.value eq "{desk_id}"') == [mail_id]
assert found(User, f"{BADGE}:number eq 7") == [ana_id]
assert found(Agent, 'subject eq "nobody"') == []
schema = admin("GET", "/schemas/urn:ietf:params:scim:schemas:core:2.0:Device", None)
indexed = [attribute["name"] for attribute in schema["attributes"] if attribute.get("index", {}).get("state") == "ready"]
assert indexed == ["displayName", "serialNumber", "firstSeen"], indexed
step("found each by filters through indexes")

rename = PatchOperation(op=PatchOperation.Op.replace_, path="displayName", value="Lamp")
lamp = scim.modify(Device, lamp_id, PatchOp[Device](operations=[rename])) or scim.query(Device, lamp_id)
assert lamp.display_name == "Lamp"
lamp.active = False
assert scim.replace(lamp).active is False
try:
    scim.create(Device(display_name="Other", active=True, serial_number="LH-0001"))
    raise AssertionError("a second device of the same serial number was accepted")
except SCIMException as refused:
    assert refused.to_error().status == 409, refused
scim.delete(Device, lamp_id)
assert found(Device, 'serialNumber eq "LH-0001"') == []
step("modified, replaced and deleted the device")

environment = {**os.environ, "SCIM_CLI_URL": credentials.SCIM_URL,
               "SCIM_CLI_HEADERS": f"Authorization: Bearer {credentials.SCIM_TOKEN}"}


def scim2(*arguments):
    print("scim2", *arguments)
    done = subprocess.run(["scim2", *arguments], env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


bulb = json.loads(scim2("create", "device", "--display-name", "Bulb", "--active", "true", "--serial-number", "LH-0002"))
assert json.loads(scim2("query", "device", "--filter", 'serialNumber eq "LH-0002"'))["totalResults"] == 1
scim2("delete", "device", bulb["id"])
step("found by scim2-cli, too")
