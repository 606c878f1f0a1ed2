"""scim2-tester: every check of its suite passes."""

import sys
from collections import Counter

import credentials
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

http = Client(base_url=credentials.SCIM_URL, headers={"Authorization": f"Bearer {credentials.SCIM_TOKEN}"})
results = check_server(SyncSCIMClient(http))
counts = Counter(result.status for result in results)

GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED}

for result in results:
    if result.status not in GOOD:
        print(f"{result.status.name} {result.resource_type or ''} {result.title}: {result.reason}")
print("scim2-tester:", ", ".join(f"{status.name} {count}" for status, count in counts.items()))

sys.exit(0 if counts[Status.SUCCESS] > 0 and set(counts) <= GOOD else 1)
