"""What `muster serve --dev` made, for the checks beside this file."""

import json
import os
import urllib.parse
import urllib.request

ALL = json.loads(os.environ["MUSTER_CREDENTIALS"])
BASE_URL = ALL["base_url"]
SCIM_URL = ALL["scim"]["base_url"]
SCIM_TOKEN = ALL["scim"]["token"]


def admin_token():
    """A JWT of the GLOBAL client, by client credentials (RFC 6749 section 4.4)."""
    form = {"grant_type": "client_credentials", **ALL["admin"]}
    request = urllib.request.Request(
        BASE_URL + "/api/v1/platform/oauth/token", data=urllib.parse.urlencode(form).encode()
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["access_token"]
