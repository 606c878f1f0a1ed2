#!/usr/bin/env bash
# From a running server to users and groups flowing in, and back to a revoked token.
#
#   cargo run --release -p muster -- serve --dev --dev-credentials credentials.json
#   docs/walk.sh credentials.json
#
# Needs curl, and python3 to take values out of JSON.
set -euo pipefail

credentials=${MUSTER_CREDENTIALS:-$(cat "${1:-credentials.json}")}

# get items.0.id: takes one value out of the JSON on standard input.
get() {
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda value, key: value[int(key) if key.isdigit() else key],
                       sys.argv[1].split("."), json.load(sys.stdin)))' "$1"
}

base=$(get base_url <<<"$credentials")
client_id=$(get admin.client_id <<<"$credentials")
client_secret=$(get admin.client_secret <<<"$credentials")

# 1. An access token for the admin API, by client credentials.
jwt=$(curl -fsS "$base/api/v1/platform/oauth/token" -u "$client_id:$client_secret" \
    -d grant_type=client_credentials | get access_token)

admin() { curl -fsS -H "Authorization: Bearer $jwt" -H 'Content-Type: application/json' "$@"; }

# 2. A tenant: one customer, with users and groups of its own.
tenant=$(admin "$base/api/v1/admin/tenants/" -d '{"name": "Acme", "slug": "acme-'$$'"}' | get id)
echo "tenant $tenant"

# 3. A SCIM token, which the customer pastes into its identity provider. It is shown this once.
created=$(admin "$base/api/v1/admin/scim-tokens/" \
    -d '{"tenant_id": "'"$tenant"'", "name": "Acme Okta", "identity_provider": "okta"}')
token=$(get token <<<"$created")
token_id=$(get id <<<"$created")
echo "token $token_id, ${token:0:12}..."

# 4. What else the customer pastes, with the identity provider's own words for it.
scim=$(admin "$base/api/v1/admin/scim-tokens/endpoint-info?tenant_id=$tenant" | get base_url)
echo "SCIM base URL $scim"

scim() { curl -fsS -H "Authorization: Bearer $token" -H 'Content-Type: application/scim+json' "$@"; }

# 5. A user.
zoe=$(scim "$scim/Users" -d '{
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "zoe@acme.example",
    "name": {"givenName": "Zoe", "familyName": "Okafor"},
    "emails": [{"value": "zoe@acme.example", "type": "work", "primary": true}]
}' | get id)
echo "user $zoe"

# 6. Many at once. The group refers to users who come later (forward), and Ana and Ben are each
#    other's manager (circular); every bulkId is resolved all the same.
scim "$scim/Bulk" -d '{
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    "Operations": [
        {"method": "POST", "path": "/Groups", "bulkId": "staff", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Staff",
            "members": [{"value": "bulkId:ana"}, {"value": "bulkId:ben"}, {"value": "'"$zoe"'"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "ana", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ana@acme.example",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "bulkId:ben"}}}},
        {"method": "POST", "path": "/Users", "bulkId": "ben", "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ben@acme.example",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "bulkId:ana"}}}}
    ]
}' | python3 -c 'import json, sys
for done in json.load(sys.stdin)["Operations"]:
    print("bulk", done["method"], done["bulkId"], done["status"], done["location"])'

# 7. List, filter, PATCH.
echo "users: $(scim "$scim/Users" | get totalResults)"
found=$(scim -G "$scim/Users" --data-urlencode 'filter=emails.value eq "zoe@acme.example"' | get Resources.0.id)
test "$found" = "$zoe" && echo "found by e-mail: $found"
active=$(scim -X PATCH "$scim/Users/$zoe" -d '{
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "active", "value": false}]
}' | get active)
echo "active: $active"
echo "groups of Zoe: $(scim "$scim/Users/$zoe" | get groups.0.display)"

# 8. Revoke the token: the next request is refused.
admin -X DELETE "$base/api/v1/admin/scim-tokens/$token_id"
status=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$scim/Users")
echo "after revoking: $status"
test "$status" = 401
