//! Text → [`Filter`], and text → [`PatchPath`], whose brackets hold a filter.
//!
//! Recursive descent over the ABNF of RFC 7644 §3.4.2.2: `or` of `and` of terms. Chains of `and`
//! and `or` are loops; only parentheses, brackets and `not` recurse, [`DEPTH_MAX`] levels at most.
//! More than the ABNF is accepted where clients send it: any white space between words, none
//! before a quote, and the repairs named in [`crate::dialect`].

use std::str::FromStr;

use crate::dialect::{SUB_ATTRIBUTE_OF_VALUES, UNQUOTED_OPERAND};
use crate::error::ScimError;
use crate::path::{AttrName, AttrPath, PatchPath};
use crate::resource::Notes;

use super::{BYTES_MAX, DEPTH_MAX, Filter, NODES_MAX, Operand, Operator};

impl Filter {
    /// Reads a filter, and notes what had to be mended.
    ///
    /// # Errors
    /// [`ScimError::Filter`] says at which character what was expected.
    pub fn parse(text: &str, notes: &mut Notes) -> Result<Self, ScimError> {
        let mut reader = Reader::new(text, notes)?;
        let filter = reader.disjunction()?;
        reader.skip_space();
        if reader.rest().is_empty() { Ok(filter) } else { Err(reader.expected("'and', 'or' or the end")) }
    }
}

impl FromStr for Filter {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        Self::parse(text, &mut Notes::default())
    }
}

impl PatchPath {
    /// Reads a path, and notes what had to be mended in its filter.
    ///
    /// # Errors
    /// [`ScimError::Path`] says what is wrong.
    pub fn parse(text: &str, notes: &mut Notes) -> Result<Self, ScimError> {
        if !text.contains('[') {
            return text.parse().map(Self::Attribute);
        }
        Self::parse_value_path(text, notes).map_err(|error| match error {
            ScimError::Filter(reason) => ScimError::path(text, reason),
            other => other,
        })
    }

    fn parse_value_path(text: &str, notes: &mut Notes) -> Result<Self, ScimError> {
        let mut reader = Reader::new(text, notes)?;
        let attribute = reader.path()?;
        let filter = reader.brackets()?;
        let sub_attribute = if reader.take('.') { Some(reader.name()?) } else { None };
        if !reader.rest().is_empty() {
            return Err(reader.expected("'.' and a sub-attribute, or the end"));
        }
        Ok(Self::Value { attribute, filter, sub_attribute })
    }
}

impl FromStr for PatchPath {
    type Err = ScimError;

    fn from_str(text: &str) -> Result<Self, ScimError> {
        Self::parse(text, &mut Notes::default())
    }
}

struct Reader<'t> {
    text: &'t str,
    /// Where we are, in bytes; always between two characters.
    at: usize,
    nodes: usize,
    depth: usize,
    /// Whether we are inside the brackets of a value path, which cannot nest.
    in_brackets: bool,
    notes: &'t mut Notes,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, notes: &'t mut Notes) -> Result<Self, ScimError> {
        if text.len() > BYTES_MAX {
            return Err(ScimError::Filter(format!("longer than {BYTES_MAX} bytes")));
        }
        Ok(Self { text, at: 0, nodes: 0, depth: 0, in_brackets: false, notes })
    }

    fn disjunction(&mut self) -> Result<Filter, ScimError> {
        let mut left = self.conjunction()?;
        while self.take_word("or") {
            let right = self.conjunction()?;
            left = self.node(Filter::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Filter, ScimError> {
        let mut left = self.term()?;
        while self.take_word("and") {
            let right = self.term()?;
            left = self.node(Filter::And(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Filter, ScimError> {
        self.skip_space();
        let negated = self.take_not();
        if self.take('(') {
            self.enter()?;
            let inner = self.disjunction()?;
            let inner = self.leave(')', inner)?;
            return if negated { self.node(Filter::Not(Box::new(inner))) } else { Ok(inner) };
        }
        let path = self.path()?;
        if !self.rest().starts_with('[') {
            return self.comparison(path);
        }
        let inner = self.brackets()?;
        if !self.take('.') {
            return self.node(Filter::ValuePath(path, Box::new(inner)));
        }
        let part = AttrPath { schema: None, attribute: self.name()?, sub_attribute: None };
        let part = self.comparison(part)?;
        self.notes.mended(&SUB_ATTRIBUTE_OF_VALUES);
        let both = self.node(Filter::And(Box::new(inner), Box::new(part)))?;
        self.node(Filter::ValuePath(path, Box::new(both)))
    }

    /// `[filter]`.
    fn brackets(&mut self) -> Result<Filter, ScimError> {
        if self.in_brackets {
            return Err(ScimError::Filter(format!("at character {}: brackets do not nest", self.character())));
        }
        if !self.take('[') {
            return Err(self.expected("'['"));
        }
        self.enter()?;
        self.in_brackets = true;
        let inner = self.disjunction()?;
        self.in_brackets = false;
        self.leave(']', inner)
    }

    /// What follows an attribute: `pr`, or an operator and a value.
    fn comparison(&mut self, path: AttrPath) -> Result<Filter, ScimError> {
        self.skip_space();
        let start = self.at;
        let word = self.token(|c| !c.is_ascii_alphabetic());
        if word.eq_ignore_ascii_case("pr") {
            return self.node(Filter::Present(path));
        }
        let Some(operator) = Operator::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(word)) else {
            self.at = start;
            return Err(self.expected("one of the operators eq, ne, co, sw, ew, pr, gt, ge, lt, le"));
        };
        self.skip_space();
        let operand = self.operand(operator)?;
        self.node(Filter::Compare(path, operator, operand))
    }

    fn operand(&mut self, operator: Operator) -> Result<Operand, ScimError> {
        const VALUE: &str = "a value: a string in double quotes, a number, true, false or null";
        if self.rest().starts_with('"') {
            return self.string();
        }
        let start = self.at;
        let literal = self.token(|c| c.is_ascii_whitespace() || matches!(c, ')' | ']'));
        match literal {
            "true" => return Ok(Operand::Bool(true)),
            "false" => return Ok(Operand::Bool(false)),
            _ if literal.eq_ignore_ascii_case("null") => return Ok(Operand::Null),
            _ => {}
        }
        if literal.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            && let Ok(number) = serde_json::from_str(literal)
        {
            return Ok(Operand::Number(number));
        }
        // A quote or bracket in it means that something else was meant, which must not become a
        // string that equals nothing.
        let plain = !literal.is_empty()
            && !literal.starts_with('\'')
            && !literal.contains(|c: char| c.is_control() || matches!(c, '"' | '\\' | '(' | '['));
        if operator == Operator::Eq && plain {
            self.notes.mended(&UNQUOTED_OPERAND);
            return Ok(Operand::Text(literal.to_owned()));
        }
        self.at = start;
        Err(self.expected(VALUE))
    }

    /// A string as in JSON, at its opening quote.
    fn string(&mut self) -> Result<Operand, ScimError> {
        let mut escaped = false;
        let end = self.rest()[1..].bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let Some(end) = end else { return Err(self.expected("a string with a closing quote")) };
        let (literal, _) = self.rest().split_at(end + 2);
        match serde_json::from_str::<String>(literal) {
            Ok(text) if !text.contains('\0') => {
                self.at += literal.len();
                Ok(Operand::Text(text))
            }
            _ => Err(self.expected("a string as in JSON, with escapes as in JSON and without U+0000")),
        }
    }

    fn path(&mut self) -> Result<AttrPath, ScimError> {
        let start = self.at;
        let token = self.token(|c| c.is_ascii_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '"'));
        token.parse().map_err(|_| {
            self.at = start;
            self.expected("the name of an attribute")
        })
    }

    fn name(&mut self) -> Result<AttrName, ScimError> {
        let start = self.at;
        let token = self.token(|c| c.is_ascii_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '"'));
        token.parse().map_err(|_| {
            self.at = start;
            self.expected("the name of a sub-attribute")
        })
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_ascii_start().len();
    }

    /// Takes what comes before the first character that ends it.
    fn token(&mut self, ends: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let token = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += token.len();
        token
    }

    fn take(&mut self, character: char) -> bool {
        let there = self.rest().starts_with(character);
        self.at += if there { character.len_utf8() } else { 0 };
        there
    }

    /// Takes `and` or `or` in any case, if it stands here as a word of its own.
    fn take_word(&mut self, word: &str) -> bool {
        let start = self.at;
        self.skip_space();
        let found = self.token(|c| !c.is_ascii_alphabetic());
        let whole = self.rest().starts_with(|c: char| c.is_ascii_whitespace() || c == '(');
        let there = found.eq_ignore_ascii_case(word) && whole;
        if !there {
            self.at = start;
        }
        there
    }

    /// Takes `not` in any case, if a parenthesis follows; otherwise it is the name of an attribute.
    fn take_not(&mut self) -> bool {
        let Some((word, rest)) = self.rest().split_at_checked("not".len()) else { return false };
        let rest = rest.trim_ascii_start();
        let there = word.eq_ignore_ascii_case("not") && rest.starts_with('(');
        if there {
            self.at = self.text.len() - rest.len();
        }
        there
    }

    fn enter(&mut self) -> Result<(), ScimError> {
        self.depth += 1;
        self.skip_space();
        if self.depth > DEPTH_MAX {
            return Err(ScimError::Filter(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(())
    }

    fn leave(&mut self, bracket: char, inner: Filter) -> Result<Filter, ScimError> {
        self.skip_space();
        if !self.take(bracket) {
            return Err(self.expected(&format!("'and', 'or' or '{bracket}'")));
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn node(&mut self, filter: Filter) -> Result<Filter, ScimError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(ScimError::Filter(format!("more than {NODES_MAX} comparisons and logical operators")));
        }
        Ok(filter)
    }

    fn expected(&self, what: &str) -> ScimError {
        let found: String = self.rest().split_ascii_whitespace().next().unwrap_or_default().chars().take(30).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("'{found}'") };
        ScimError::Filter(format!("at character {}: expected {what}, found {found}", self.character()))
    }

    /// Where we are, counted as people do.
    fn character(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        text.parse::<Filter>().map_or_else(|error| error.to_string(), |filter| filter.to_string())
    }

    #[test]
    fn the_examples_of_rfc_7644_are_printed_as_they_are_read() {
        for text in [
            r#"userName eq "bjensen""#,
            r#"name.familyName co "O'Malley""#,
            r#"userName sw "J""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
            "title pr",
            r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
            r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
            r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
            r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
            r#"title pr and userType eq "Employee""#,
            r#"title pr or userType eq "Intern""#,
            r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
            r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
            r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        ] {
            assert_eq!(printed(text), text);
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_not_closer_than_and() {
        for (text, canonical) in [
            ("a pr or b pr and c pr", "a pr or b pr and c pr"),
            ("(a pr or b pr) and c pr", "(a pr or b pr) and c pr"),
            ("not (a pr) and b pr", "not (a pr) and b pr"),
            ("not(a pr and b pr)", "not (a pr and b pr)"),
            ("(((a pr)))", "a pr"),
            ("a pr and (b pr and c pr)", "a pr and (b pr and c pr)"),
            ("a pr or (b pr or c pr)", "a pr or (b pr or c pr)"),
            ("a[(b pr or c pr) and not (d pr)]", "a[(b pr or c pr) and not (d pr)]"),
        ] {
            assert_eq!(printed(text), canonical);
        }
    }

    #[test]
    fn keywords_have_no_case_and_space_is_free() {
        assert_eq!(printed("  userName EQ\"x\"   AND\tnot\n( title Pr )  "), r#"userName eq "x" and not (title pr)"#);
        assert_eq!(printed("not eq 1"), "not eq 1");
        assert_eq!(printed("notes pr or ordered pr"), "notes pr or ordered pr");
    }

    #[test]
    fn operands_are_the_literals_of_json() {
        for (literal, canonical) in [
            ("null", "null"),
            ("NULL", "null"),
            ("true", "true"),
            ("false", "false"),
            ("-1.5e3", "-1500.0"),
            ("18446744073709551615", "18446744073709551615"),
            (r#""a\u0041\n\"\\\/\ud83d\ude00""#, r#""aA\n\"\\/😀""#),
            (r#""jan+o'neil&#EXT#@x""#, r#""jan+o'neil&#EXT#@x""#),
        ] {
            assert_eq!(printed(&format!("a eq {literal}")), format!("a eq {canonical}"));
        }
    }

    #[test]
    fn an_unquoted_value_after_eq_is_a_string() {
        let mut notes = Notes::default();

        let filter = Filter::parse("(externalId eq jyoung@x.example) and userName eq 007", &mut notes).unwrap();

        assert_eq!(filter.to_string(), r#"externalId eq "jyoung@x.example" and userName eq "007""#);
        assert_eq!(notes.repairs, [UNQUOTED_OPERAND.name]);
    }

    #[test]
    fn a_part_of_filtered_values_can_be_compared() {
        let mut notes = Notes::default();

        let filter = Filter::parse(r#"emails[type eq "work"].value eq "x""#, &mut notes).unwrap();

        assert_eq!(filter.to_string(), r#"emails[type eq "work" and value eq "x"]"#);
        assert_eq!(notes.repairs, [SUB_ATTRIBUTE_OF_VALUES.name]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, detail) in [
            ("", "filter: at character 1: expected the name of an attribute, found the end"),
            (
                "userName",
                "filter: at character 9: expected one of the operators eq, ne, co, sw, ew, pr, gt, ge, lt, le, found the end",
            ),
            (
                "userName regex \"x\"",
                "filter: at character 10: expected one of the operators eq, ne, co, sw, ew, pr, gt, ge, lt, le, found 'regex'",
            ),
            ("é eq 1", "filter: at character 1: expected the name of an attribute, found 'é'"),
            ("a eq \"é\" b", "filter: at character 10: expected 'and', 'or' or the end, found 'b'"),
            ("(a pr", "filter: at character 6: expected 'and', 'or' or ')', found the end"),
            ("a[b pr", "filter: at character 7: expected 'and', 'or' or ']', found the end"),
            ("a[b[c pr]]", "filter: at character 4: brackets do not nest"),
        ] {
            assert_eq!(printed(text), detail);
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "a eq 'x'",
            "a eq \"x",
            r#"a eq "\u0000""#,
            r#"a eq "\ud800""#,
            "a eq \"\n\"",
            "a eq",
            "a eq )",
            "a co x",
            "a gt x",
            "a eq x y",
            "a eq \"x\"\"",
            "a eq (b)",
            "a eq [b]",
            "a pr and",
            "and a pr",
            "a pr andb pr",
            "a pr b pr",
            ") a pr",
            "a.b.c pr",
            "a pr)",
            "not",
            "not ()",
            "[a pr]",
            "a[] pr",
            "a[b pr]. pr",
            "a[b pr].c",
            "1a pr",
            "a:b pr",
        ] {
            assert!(matches!(text.parse::<Filter>(), Err(ScimError::Filter(_))), "{text}");
        }
    }

    #[test]
    fn each_limit_holds_at_the_limit_and_not_beyond() {
        let nested = |levels: usize| "(".repeat(levels) + "a pr" + &")".repeat(levels);
        let negated = |levels: usize| "not (".repeat(levels) + "a pr" + &")".repeat(levels);
        let chained = |terms: usize| vec!["a pr"; terms].join(" and ");
        let long = |bytes: usize| format!("a eq \"{}\"", "x".repeat(bytes - 7));

        for (fits, beyond) in [
            (nested(DEPTH_MAX), nested(DEPTH_MAX + 1)),
            (negated(DEPTH_MAX), negated(DEPTH_MAX + 1)),
            (chained(NODES_MAX / 2), chained(NODES_MAX / 2 + 1)),
            (long(BYTES_MAX), long(BYTES_MAX + 1)),
        ] {
            assert!(fits.parse::<Filter>().is_ok());
            assert!(beyond.parse::<Filter>().is_err());
        }
    }

    #[test]
    fn patch_paths_are_printed_as_they_are_read() {
        for text in [
            "members",
            "name.familyName",
            r#"addresses[type eq "work"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#,
            r#"members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName"#,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        ] {
            assert_eq!(text.parse::<PatchPath>().unwrap().to_string(), text);
        }
        // Without the space after eq, as in the example of RFC 7644 §3.5.2.2.
        assert_eq!(
            r#"members[value eq"2819"]"#.parse::<PatchPath>().unwrap().to_string(),
            r#"members[value eq "2819"]"#
        );
    }

    #[test]
    fn what_is_no_patch_path_is_refused_with_its_place() {
        let refused = |text: &str| text.parse::<PatchPath>().unwrap_err().to_string();

        // Transcript entra/failed-operation-changes-nothing.
        assert_eq!(
            refused(r#"emails[type eq "work".value"#),
            r#"path 'emails[type eq "work".value': at character 22: expected 'and', 'or' or ']', found '.value'"#
        );
        for text in ["", "[a pr]", "a[b pr]c", "a[b pr].", "a[b pr].c.d", "a[b pr][c pr]", "a b", "a[b pr] ", "a.b.c"] {
            assert!(matches!(text.parse::<PatchPath>(), Err(ScimError::Path { .. })), "{text}");
        }
    }
}
