"""Schemathesis: generated requests against /openapi.json find no 5xx, and no status or body that it does not describe.

Three runs, since three kinds of caller exist: SCIM routes with a SCIM token, admin routes with a JWT, the rest with
nothing. The number of cases is bounded and their seed fixed, so that a run takes the same path each time.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import credentials

# The document has some 55 operations; 200 cases each are more than 10,000.
CASES_PER_OPERATION = os.environ.get("SCHEMATHESIS_CASES", "25")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# /Me is documented to be 501 (RFC 7644 section 3.11): no credential here names a user.
CONFIG = """
[parameters]
tenant_id = %s

[[operations]]
include-path-regex = "/Me$"
[operations.checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""
RUNS = {
    "SCIM": (r"^/api/v1/tenants/", credentials.SCIM_TOKEN),
    "admin": (r"^/api/v1/admin/", credentials.admin_token()),
    "public": (r"^/(api/v1/(platform|auth)/|openapi|docs|healthz|readyz|\.well-known)", None),
}


def schemathesis(name, paths, token):
    """One run; the tenant of the path is the one that the token is for, or nothing would be found behind it."""
    print(f"-- Schemathesis, {name} routes", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "schemathesis.toml"
        config.write_text(CONFIG % json.dumps(credentials.ALL["tenant"]["id"]))
        command = ["schemathesis", "--config-file", config, "run", credentials.BASE_URL + "/openapi.json"]
        command += ["--include-path-regex", paths, "--phases", "examples,coverage,fuzzing", "--checks", CHECKS]
        command += ["--max-examples", CASES_PER_OPERATION, "--seed", "7", "--continue-on-failure", "--no-color"]
        command += ["--warnings", "off", "--suppress-health-check", "all"]
        if token:
            command += ["-H", f"Authorization: Bearer {token}"]
        return subprocess.run(command, cwd=folder).returncode == 0


outcomes = [schemathesis(name, paths, token) for name, (paths, token) in RUNS.items()]
sys.exit(0 if all(outcomes) else 1)
