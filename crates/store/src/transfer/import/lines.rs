//! The lines of a file, checked as far as that is possible one by one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use scim::id::ResourceId;
use scim::schema::Registry;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::Refusal;
use crate::transfer::file::{END, End, FORMAT, HEADER, Header, LINE_BYTES_MAX, MEMBERS, Members};
use crate::transfer::tables::{InFile, Table, named};
use crate::transfer::values::{Given, hex};

/// A line after the first.
pub(super) enum Line {
    /// A row, with a value for each column that a file has.
    Row(&'static Table, Vec<Given>),
    /// Who belongs to a group.
    Members { group: ResourceId, members: Vec<ResourceId> },
    /// The last one.
    End(End),
}

/// A file that is being read.
pub(super) struct Lines {
    input: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    number: u64,
    /// Of what was before the line.
    sum: Sha256,
}

type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

impl Lines {
    pub(super) fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self { input, line: Vec::new(), number: 0, sum: Sha256::new() }
    }

    /// The number of the line that was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// What is wrong with that line.
    pub(super) fn refuse(&self, reason: &str) -> Refusal {
        Refusal::Line { line: self.number, reason: reason.to_owned() }
    }

    /// Reads the first line.
    pub(super) fn header(&mut self) -> Result<(), Refusal> {
        #[derive(Deserialize)]
        struct Known {
            format: u32,
        }
        match self.read() {
            Ok(()) => {}
            Err(Refusal::Cut(_) | Refusal::Line { .. }) => return Err(Refusal::NotAnExport),
            Err(refusal) => return Err(refusal),
        }
        let (name, header) = self.only_member().map_err(|_| Refusal::NotAnExport)?;
        if name != HEADER {
            return Err(Refusal::NotAnExport);
        }
        // A later format may have more to say here.
        let known: Known = serde_json::from_str(header.get()).map_err(|_| Refusal::NotAnExport)?;
        if known.format > FORMAT {
            return Err(Refusal::Newer(known.format));
        }
        let header: Result<Header, _> = serde_json::from_str(header.get());
        header.map(drop).map_err(|error| self.refuse(&error.to_string()))
    }

    /// Goes to the next line; gives whether it defines something.
    pub(super) fn advance(&mut self) -> Result<bool, Refusal> {
        self.sum.update(&self.line);
        self.read()?;
        let (name, _) = self.only_member().map_err(|reason| self.refuse(&reason))?;
        Ok(named(&name).is_some_and(|table| table.in_file == InFile::Definitions))
    }

    /// What the line says.
    pub(super) fn current(&self, registry: &Registry) -> Result<Line, Refusal> {
        let (name, value) = self.only_member().map_err(|reason| self.refuse(&reason))?;
        let read = match &*name {
            END => serde_json::from_str(value.get()).map(Line::End).map_err(|error| error.to_string()),
            MEMBERS => members(value),
            name => named(name)
                .ok_or_else(|| format!("nothing is called {name}"))
                .and_then(|table| row(table, value, registry)),
        };
        read.map_err(|reason| self.refuse(&reason))
    }

    /// Compares the last line with what was read, and expects nothing after it.
    pub(super) fn expect_end(&mut self, end: &End, counted: &BTreeMap<String, u64>) -> Result<(), Refusal> {
        let damaged = |reason: &str| Err(Refusal::Damaged(reason.to_owned()));
        if end.lines != self.number - 1 || end.rows != *counted {
            return damaged("some of its lines are missing, or too many");
        }
        if end.sha256 != hex(&std::mem::take(&mut self.sum).finalize()) {
            return damaged("its checksum is not that of its lines");
        }
        match self.input.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => damaged("something follows its last line"),
            Err(error) => Err(Refusal::Unreadable(error)),
        }
    }

    fn read(&mut self) -> Result<(), Refusal> {
        self.line.clear();
        let most = LINE_BYTES_MAX as u64 + 1;
        let length = (&mut self.input).take(most).read_until(b'\n', &mut self.line).map_err(Refusal::Unreadable)?;
        if length == 0 {
            return Err(Refusal::Cut(self.number));
        }
        self.number += 1;
        if self.line.last() == Some(&b'\n') {
            Ok(())
        } else if length > LINE_BYTES_MAX {
            Err(self.refuse(&format!("it is longer than {LINE_BYTES_MAX} bytes")))
        } else {
            Err(Refusal::Cut(self.number))
        }
    }

    /// The name and the value of the line's one member.
    fn only_member(&self) -> Result<(Cow<'_, str>, &RawValue), String> {
        let mut object: Object<'_> =
            serde_json::from_slice(&self.line).map_err(|error| format!("not JSON: {error}"))?;
        match (object.pop_first(), object.len()) {
            (Some(member), 0) => Ok(member),
            _ => Err("a line has one member".to_owned()),
        }
    }
}

fn members(value: &RawValue) -> Result<Line, String> {
    let Members { group, members } = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
    let id = |text: &String| text.parse::<ResourceId>().map_err(|_| format!("{text} is not an id"));
    Ok(Line::Members { group: id(&group)?, members: members.iter().map(id).collect::<Result<_, _>>()? })
}

fn row(table: &'static Table, value: &RawValue, registry: &Registry) -> Result<Line, String> {
    if matches!(table.in_file, InFile::Derived | InFile::Members | InFile::No(_)) {
        return Err(format!("{} is not part of a file", table.name));
    }
    let mut object: Object<'_> = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
    let mut row = Vec::new();
    for column in table.file_columns(true) {
        row.push(match object.remove(column.name) {
            Some(value) => Given::read(column, value, registry)?,
            None if column.nullable => Given::Null,
            None => return Err(format!("{} is missing", column.name)),
        });
    }
    match object.pop_first() {
        None => Ok(Line::Row(table, row)),
        Some((unknown, _)) => Err(format!("{} have no {unknown}", table.name)),
    }
}
