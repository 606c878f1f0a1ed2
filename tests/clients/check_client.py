"""scim2-client: discovers the server and works with what it found; its answers pass the client's own validation."""

import credentials
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import BulkOperation, BulkRequest, PatchOp, PatchOperation, SCIMException, SearchRequest

http = Client(base_url=credentials.SCIM_URL, headers={"Authorization": f"Bearer {credentials.SCIM_TOKEN}"})
scim = SyncSCIMClient(http)


def step(text):
    print("scim2-client:", text)


scim.discover()
User, Group = scim.get_resource_model("User"), scim.get_resource_model("Group")
config = scim.provider.config
assert config.patch.supported and config.bulk.supported and config.filter.supported and config.etag.supported
step(f"discovered; bulk up to {config.bulk.max_operations} operations")

ana = scim.create(User(user_name="ana@example.com", display_name="Ana"))
assert ana.id and ana.meta.version and ana.meta.location.endswith(ana.id)
assert scim.query(User, ana.id).user_name == "ana@example.com"
step("created a user and read it back")

try:
    scim.create(User(user_name="ANA@example.com"))
    raise AssertionError("a second user of the same name was accepted")
except SCIMException as refused:
    assert refused.to_error().status == 409, refused
step("was refused a second user of the same name")

ana.display_name = "Ana Silva"
ana = scim.replace(ana)
assert ana.display_name == "Ana Silva"
rename = PatchOperation(op=PatchOperation.Op.replace_, path="displayName", value="Ana S.")
ana = scim.modify(User, ana.id, PatchOp[User](operations=[rename])) or scim.query(User, ana.id)
assert ana.display_name == "Ana S."
step("replaced and modified it")

group = scim.create(Group(display_name="Staff", members=[{"value": ana.id}]))
assert [member.value for member in scim.query(Group, group.id).members] == [ana.id]
assert [parent.value for parent in scim.query(User, ana.id).groups] == [group.id]
step("put it into a group")

found = scim.query(User, query_parameters=SearchRequest(filter='userName eq "ana@example.com"'))
assert [user.id for user in found.resources] == [ana.id]
found = scim.search(search_request=SearchRequest(filter='displayName sw "Sta"'))
assert [resource.id for resource in found.resources] == [group.id]
step("found both by filter, by GET and by .search")

for n in range(25):
    scim.create(User(user_name=f"user{n}@example.com"))
seen, cursor = [], ""
while cursor is not None:
    page = scim.query(User, query_parameters=SearchRequest(cursor=cursor, count=10))
    seen += [user.id for user in page.resources]
    cursor = page.next_cursor
assert len(seen) == len(set(seen)) == 26, len(seen)
step("walked through all users by cursor")

answer = scim.bulk(
    {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {
                "method": "POST",
                "path": "/Groups",
                "bulkId": "team",
                "data": {
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                    "displayName": "Team",
                    "members": [{"type": "User", "value": "bulkId:bob"}],
                },
            },
            {
                "method": "POST",
                "path": "/Users",
                "bulkId": "bob",
                "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob@example.com"},
            },
        ],
    }
)
assert [int(operation.status) for operation in answer.operations] == [201, 201], answer
step("made a group and its member by bulk, the reference before its target")

scim.delete(User, ana.id)
try:
    scim.query(User, ana.id)
    raise AssertionError("a deleted user was found")
except SCIMException as refused:
    assert refused.to_error().status == 404, refused
assert not scim.query(Group, group.id).members
step("deleted the user; the group has lost it")
