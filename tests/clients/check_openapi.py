"""Schemathesis: generated requests against /openapi.json find no 5xx, and no status or body that it does not describe.

Three runs, since three kinds of caller exist: SCIM routes with a SCIM token, admin routes with a JWT, the rest with
nothing. The number of cases is bounded and their seed fixed, so that a run takes the same path each time. Most requests
name things that exist, or nothing would be found behind their paths: see furnish.py.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import credentials
import furnish

# The document has some 75 operations; 150 cases each are more than 10,000.
CASES_PER_OPERATION = os.environ.get("SCHEMATHESIS_CASES", "25")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SCIM = "/api/v1/tenants/{tenant_id}/scim/v2"
ADMIN = "/api/v1/admin"
DEFINITIONS = f"{ADMIN}/tenants/{{tenant_id}}"
# Method, path, and which list a parameter is taken from.
KNOWN = [
    *[("GET PUT PATCH", f"{SCIM}/{path}", {"id": known}) for path, known in [
        ("Users/{id}", "users"), ("Groups/{id}", "groups"), ("{endpoint}/{id}", "devices")]],
    *[("DELETE", f"{SCIM}/{path}", {"id": f"{known}-to-delete"}) for path, known in [
        ("Users/{id}", "users"), ("Groups/{id}", "groups"), ("{endpoint}/{id}", "devices")]],
    *[("PATCH", f"{SCIM}/{path}/{{id}}",
       {"body.Operations[*].path": "patch-paths", "body.Operations[*].op": "patch-ops", "body.schemas[*]": "patch-schemas"})
      for path in ["Users", "Groups", "{endpoint}"]],
    *[("POST", f"{SCIM}{path}/.search",
       {"body.filter": "filters", "body.sortBy": "attributes"})
      for path in ["", "/Users", "/Groups", "/{endpoint}"]],
    ("POST", f"{SCIM}/Bulk", {"body.Operations[*].path": "bulk-paths", "body.Operations[*].method": "bulk-methods",
                              "body.Operations[*].bulkId": "bulk-ids"}),
    ("GET", f"{SCIM}/Schemas/{{id}}", {"id": "urns"}),
    ("GET", f"{SCIM}/ResourceTypes/{{id}}", {"id": "types"}),
    ("GET PATCH", f"{ADMIN}/applications/{{application_id}}", {"application_id": "applications"}),
    ("POST", f"{ADMIN}/applications/{{application_id}}/rotate", {"application_id": "applications"}),
    ("DELETE", f"{ADMIN}/applications/{{application_id}}", {"application_id": "applications-to-delete"}),
    ("GET", f"{ADMIN}/request-logs/{{log_id}}", {"log_id": "logs"}),
    *[("GET", f"{ADMIN}/{path}/", {"tenant_id": "tenant", "since": "times", "until": "times"})
      for path in ["request-logs", "audit"]],
    ("GET", f"{ADMIN}/request-logs/", {"token_id": "tokens", "resource_id": "users"}),
    ("GET", f"{ADMIN}/audit/", {"action": "actions", "resource": "tokens"}),
    ("GET PATCH", f"{ADMIN}/scim-tokens/{{token_id}}", {"token_id": "tokens"}),
    ("POST", f"{ADMIN}/scim-tokens/{{token_id}}/rotate", {"token_id": "tokens"}),
    ("DELETE", f"{ADMIN}/scim-tokens/{{token_id}}", {"token_id": "tokens-to-delete"}),
    ("GET PATCH DELETE", DEFINITIONS, {"tenant_id": "tenants"}),
    ("POST", f"{DEFINITIONS}/schemas/", {"body.id": "new-urns", "body.attributes[*].name": "names"}),
    ("PUT", f"{DEFINITIONS}/schemas/{{urn}}", {"body.id": "urns", "body.attributes[*].name": "names"}),
    ("POST", f"{DEFINITIONS}/resource-types/", {"body.endpoint": "new-endpoints"}),
    ("PUT", f"{DEFINITIONS}/resource-types/{{name}}", {"body.name": "types", "body.endpoint": "endpoints"}),
    *[(name, f"{DEFINITIONS}/resource-types/{path}", {"body.schema": "urns", "body.schemaExtensions[*].schema": "urns"})
      for name, path in [("POST", ""), ("PUT", "{name}")]],
]
EVERYWHERE = {"filter": "filters", "sortBy": "attributes", "attributes": "attributes", "excludedAttributes": "attributes",
              "endpoint": "endpoints", "urn": "urns", "name": "types", "If-Match": "versions", "If-None-Match": "versions"}
# How many of the requests.
OFTEN = 0.7
RUNS = {
    "SCIM": (r"^/api/v1/tenants/", credentials.SCIM_TOKEN),
    "admin": (r"^/api/v1/admin/", credentials.admin_token()),
    "public": (r"^/(api/v1/(platform|auth)/|openapi|docs|healthz|readyz|\.well-known)", None),
}


def configuration(lists):
    """The file that Schemathesis reads. The tenant is the one that the token is for, but where tenants are deleted."""
    def known(parameters):
        return [f"{json.dumps(name)} = {{ dictionary = {json.dumps(of)}, probability = {OFTEN} }}"
                for name, of in parameters.items()]

    def operations(filters, parameters):
        return ["[[operations]]", *filters, "[operations.parameters]", *parameters]

    lines = []
    for name, values in lists.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    tenant = json.dumps(credentials.ALL["tenant"]["id"])
    lines += ["[parameters]", *known(EVERYWHERE)]
    # /Me is documented to be 501 (RFC 7644 section 3.11): no credential here names a user.
    lines += ["[[operations]]", 'include-path-regex = "/Me$"', "[operations.checks.not_a_server_error]",
              'expected-statuses = ["2xx", "3xx", "4xx", "501"]']
    # Of all entries that are about an operation only the last one's parameters count: it gets one entry.
    wanted = collections.defaultdict(dict)
    for methods, path, parameters in KNOWN:
        for method in methods.split():
            wanted[f"{method} {path}"].update(parameters)
    for path, item in furnish.get(credentials.BASE_URL + "/openapi.json")["paths"].items():
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            name = f"{method.upper()} {path}"
            parameters = wanted.pop(name, {})
            fixed = [f"tenant_id = {tenant}"] if "{tenant_id}" in path and "tenant_id" not in parameters else []
            if fixed or parameters:
                lines += operations([f"include-name = {json.dumps(name)}"], [*fixed, *known(parameters)])
    assert not wanted, f"not in the document: {', '.join(wanted)}"
    return "\n".join(lines) + "\n"


def schemathesis(name, paths, token, settings):
    """One run."""
    print(f"-- Schemathesis, {name} routes", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "schemathesis.toml"
        config.write_text(settings)
        command = ["schemathesis", "--config-file", config, "run", credentials.BASE_URL + "/openapi.json"]
        command += ["--include-path-regex", paths, "--phases", "examples,coverage,fuzzing", "--checks", CHECKS]
        command += ["--max-examples", CASES_PER_OPERATION, "--seed", "7", "--continue-on-failure", "--no-color"]
        command += ["--warnings", "off", "--suppress-health-check", "all"]
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        return subprocess.run(command, cwd=folder).returncode == 0


settings = configuration(furnish.lists())
outcomes = [schemathesis(name, paths, token, settings) for name, (paths, token) in RUNS.items()]
sys.exit(0 if all(outcomes) else 1)
