"""Recorded conversations of identity providers: those of a product with a token that was made for it, then all of
them with a token that names no product."""

import json
import pathlib
import subprocess
import sys
import urllib.request

import credentials

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "transcripts"
PRODUCTS = ["entra", "okta", "onelogin", "jumpcloud", "google", "ping", "sailpoint"]
# What these expect contradicts the RFCs, so it is for tokens of that product alone.
OWN_TOKEN_ONLY = ["onelogin/no-accept"]


def token_for(product):
    """A SCIM token of the tenant, made for a product."""
    body = {"name": product, "tenant_id": credentials.ALL["tenant"]["id"], "identity_provider": product}
    request = urllib.request.Request(
        credentials.BASE_URL + "/api/v1/admin/scim-tokens/", data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {credentials.admin_token()}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["token"]


def replay(token, paths):
    command = [sys.executable, "replay.py", "--base", credentials.SCIM_URL, "--token", token]
    return subprocess.run([*command, *paths], cwd=FOLDER).returncode == 0


outcomes = [replay(token_for(product), [product]) for product in PRODUCTS]
cases = [path.relative_to(FOLDER) for path in sorted(FOLDER.glob("*/*.json"))]
outcomes.append(replay(credentials.SCIM_TOKEN, [c for c in cases if str(c.with_suffix("")) not in OWN_TOKEN_ONLY]))
sys.exit(0 if all(outcomes) else 1)
