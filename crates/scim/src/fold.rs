//! Comparing text without case: the one home of it.
//!
//! Attributes that are not `caseExact` (RFC 7643 §2.2), above all `userName`, are equal to their
//! other spellings. Index columns, index values and filters all hold or compare [`fold`]ed text,
//! so that the database and the in-memory filter agree on what is equal.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// The form in which texts that differ in case or in Unicode composition only are the same:
/// Unicode's compatibility caseless form (The Unicode Standard, definition D146), composed.
///
/// It does not depend on a language, and folding what is folded changes nothing.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().nfd().default_case_fold().nfkd().default_case_fold().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for (one, other) in [
            ("BJensen@Example.COM", "bjensen@example.com"),
            ("STRASSE", "straße"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("\u{c5}ngstr\u{f6}m", "a\u{30a}NGSTRO\u{308}M"),
            ("ﬁne", "FINE"),
            ("ＡＢＣ", "abc"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (one, other) in [("resume", "résumé"), ("a b", "ab"), ("ı", "i"), ("", " ")] {
            assert_ne!(fold(one), fold(other), "{one} and {other}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC*") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn letter_case_never_matters_in_ascii(text in "[ -~]{0,40}") {
            prop_assert_eq!(fold(&text.to_ascii_uppercase()), fold(&text.to_ascii_lowercase()));
        }
    }
}
