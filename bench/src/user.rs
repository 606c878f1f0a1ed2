//! The user that all data sets are made of: about 1.2 KB, told apart by eight digits.

use scim::id::Id;
use serde_json::{Value, json};

/// The digits in [`pattern`].
pub(crate) const PATTERN: &str = "07654321";

/// The id of an imported user, by number. Times go up, and the end looks random, as of ids that are made
/// one after the other.
pub(crate) fn id(number: usize) -> Id {
    let random = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Id::new(*b"usr", (number as u128 + 1) << 80 | 7 << 76 | 2 << 62 | u128::from(random >> 2))
}

/// What stands for the number in a user's values.
pub(crate) fn digits(number: usize) -> String {
    format!("{number:08}")
}

/// The user whose digits are [`PATTERN`].
pub(crate) fn pattern() -> Value {
    with(PATTERN)
}

fn with(digits: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": format!("user{digits}@example.com"), "externalId": format!("ext-{digits}"), "active": true,
        "name": { "givenName": "Given", "familyName": format!("Family{digits}"),
                  "formatted": format!("Given Family{digits}") },
        "displayName": format!("Given Family{digits}"), "nickName": format!("Nick{digits}"),
        "profileUrl": format!("https://people.example.com/by-number/{digits}"), "title": "Engineer", "preferredLanguage": "en-US",
        "locale": "en-US", "timezone": "Europe/Berlin", "userType": "Employee",
        "emails": [{ "value": format!("user{digits}@example.com"), "type": "work", "primary": true },
                   { "value": format!("home{digits}@example.org"), "type": "home" }],
        "phoneNumbers": [{ "value": "+49 30 1234567", "type": "work" }, { "value": "+49 170 7654321", "type": "mobile" }],
        "addresses": [{ "type": "work", "streetAddress": "Street 1", "locality": "Berlin", "postalCode": "10115",
                        "country": "DE" },
                      { "type": "home", "streetAddress": "Road 22", "locality": "Potsdam", "postalCode": "14467",
                        "country": "DE" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            { "employeeNumber": digits, "department": "Engineering", "organization": "Example", "costCenter": "4130",
              "division": "Products and services" },
    })
}
