//! Points in time on the wire: `xsd:dateTime` (RFC 7643 §2.3.5). Inside, a time is an `i64` of
//! milliseconds since 1970 in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Text that names no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time such as 2026-01-31T12:30:00Z")]
pub struct NotATime;

/// `2026-01-31T12:30:00.000Z`: always UTC, always milliseconds, so that texts sort as times do.
///
/// Times outside the years that RFC 3339 can write become the first or last it can.
#[must_use]
pub fn format(milliseconds: i64) -> String {
    let mut text = String::with_capacity("2026-01-31T12:30:00.000Z".len());
    push(&mut text, milliseconds);
    text
}

/// Writes what [`format()`] gives to the end of `text`.
pub(crate) fn push(text: &mut String, milliseconds: i64) {
    let first = -62_167_219_200_000; // 0000-01-01
    let last = Timestamp::MAX.as_millisecond();
    let time = Timestamp::from_millisecond(milliseconds.clamp(first, last)).unwrap_or(Timestamp::MAX);
    let time = Offset::UTC.to_datetime(time);
    // Written by hand: formatting machinery takes ten times as long, and each resource shows two of them.
    push_digits(text, time.year(), 4);
    for (before, number) in
        [('-', time.month()), ('-', time.day()), ('T', time.hour()), (':', time.minute()), (':', time.second())]
    {
        text.push(before);
        push_digits(text, i16::from(number), 2);
    }
    text.push('.');
    push_digits(text, time.millisecond(), 3);
    text.push('Z');
}

/// Writes the last so many digits of a number that is not negative.
fn push_digits(text: &mut String, number: i16, count: u32) {
    for place in (0..count).rev() {
        let digit = number.unsigned_abs() / 10_u16.pow(place) % 10;
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

/// Reads an `xsd:dateTime` as RFC 7643 §2.3.5 wants it: date and time, with or without fraction
/// and offset. Without an offset it is taken as UTC; what is finer than a millisecond is cut.
///
/// # Errors
/// [`NotATime`] for everything else, also for a time that does not exist, such as February 30.
pub fn parse(text: &str) -> Result<i64, NotATime> {
    let (local, offset_s) = split_offset(text)?;
    if !has_shape(local) {
        return Err(NotATime);
    }
    let local: DateTime = local.parse().map_err(|_| NotATime)?;
    let time = Offset::UTC.to_timestamp(local).map_err(|_| NotATime)?;
    let milliseconds = i64::try_from(time.as_nanosecond().div_euclid(1_000_000)).map_err(|_| NotATime)?;
    Ok(milliseconds - offset_s * 1000)
}

/// What stands before the offset, and the offset in seconds.
fn split_offset(text: &str) -> Result<(&str, i64), NotATime> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Ok((local, 0));
    }
    let Some((local, offset)) = text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) else {
        return Err(NotATime);
    };
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        b'-' if local.contains(['T', 't']) => -1,
        _ => return Ok((text, 0)),
    };
    let (hours, minutes) = offset[1..].split_once(':').ok_or(NotATime)?;
    let number = |digits: &str, max: i64| match digits.parse::<u8>() {
        Ok(n) if digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) && i64::from(n) <= max => {
            Ok(i64::from(n))
        }
        _ => Err(NotATime),
    };
    Ok((local, sign * (number(hours, 14)? * 3600 + number(minutes, 59)? * 60)))
}

/// Whether `local` is `YYYY-MM-DDThh:mm:ss`, perhaps with a fraction: the parser behind would take
/// more than that.
fn has_shape(local: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let Some((seconds, fraction)) = local.split_at_checked(shape.len()) else { return false };
    let fits = seconds.bytes().zip(shape).all(|(byte, place)| match place {
        b'd' => byte.is_ascii_digit(),
        other => byte.eq_ignore_ascii_case(other),
    });
    let digits = fraction.strip_prefix('.').unwrap_or("");
    let fraction_fits = fraction.is_empty() || (1..=9).contains(&digits.len());
    fits && fraction_fits && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        assert_eq!(format(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(format(1_769_862_600_007), "2026-01-31T12:30:00.007Z");
        assert_eq!(format(-1), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn no_number_is_too_large_to_write() {
        assert_eq!(format(i64::MAX).get(..4), Some("9999"));
        assert_eq!(format(i64::MIN), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_spellings_of_one_moment_are_one_time() {
        for text in [
            "2026-01-31T12:30:00.007Z",
            "2026-01-31T12:30:00.007",
            "2026-01-31t12:30:00.0079z",
            "2026-01-31T14:00:00.007+01:30",
            "2026-01-31T07:30:00.007-05:00",
            "2026-01-31T12:30:00.007000000+00:00",
        ] {
            assert_eq!(parse(text), Ok(1_769_862_600_007), "{text}");
        }
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "",
            "Z",
            "2026-01-31",
            "2026-01-31T12:30Z",
            "2026-01-31 12:30:00Z",
            "2026-02-30T12:30:00Z",
            "2026-01-31T25:30:00Z",
            "2026-01-31T12:30:00.Z",
            "2026-01-31T12:30:00+1:00",
            "2026-01-31T12:30:00+99:00",
            "2026-01-31T12:30:00Z[Europe/Berlin]",
            "20260131T123000Z",
            "1769862600",
            "tomorrow",
            "éééééé",
        ] {
            assert_eq!(parse(text), Err(NotATime), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_survives_printing_and_parsing(time in -62_167_219_200_000_i64..253_402_200_000_000) {
            prop_assert_eq!(parse(&format(time)), Ok(time));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
