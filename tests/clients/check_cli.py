"""scim2-cli: the life of a user, typed as an administrator would, and its conformance test."""

import json
import os
import subprocess

import credentials

ENVIRONMENT = {
    **os.environ,
    "SCIM_CLI_URL": credentials.SCIM_URL,
    "SCIM_CLI_HEADERS": f"Authorization: Bearer {credentials.SCIM_TOKEN}",
}


def scim2(*arguments, succeeds=True):
    print("scim2", *arguments)
    done = subprocess.run(
        ["scim2", *arguments], env=ENVIRONMENT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return done.stdout if succeeds else done.stdout + done.stderr


user = json.loads(scim2("create", "user", "--user-name", "carla@example.com", "--name", '{"givenName": "Carla"}'))
assert user["name"]["givenName"] == "Carla"

assert json.loads(scim2("query", "user", user["id"]))["userName"] == "carla@example.com"
found = json.loads(scim2("query", "user", "--filter", 'name.givenName eq "carla"'))
assert found["totalResults"] == 1, found

changed = scim2("modify", "user", user["id"], "replace", "displayName", "Carla M.", "replace", "active", "false")
assert not changed.strip() or json.loads(changed)["displayName"] == "Carla M."
user = json.loads(scim2("query", "user", user["id"]))
assert user["displayName"] == "Carla M." and user["active"] is False, user

replaced = json.loads(scim2("replace", "user", "--id", user["id"], "--user-name", "carla.m@example.com"))
assert replaced["userName"] == "carla.m@example.com" and "displayName" not in replaced, replaced

scim2("delete", "user", user["id"])
assert "404" in scim2("query", "user", user["id"], succeeds=False)

print(scim2("test").count("SUCCESS"), "checks of its conformance test succeed")
