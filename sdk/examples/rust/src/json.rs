//! As much JSON as this sink needs: members of an object, and strings. For more than that, use a crate.
//!
//! The host only passes valid JSON, so this reader does not look for errors; it must only never panic.
#![forbid(unsafe_code)]

/// The text of a member of an object: `member(r#"{"a": [1]}"#, "a")` is `[1]`. `None` if there is no such member.
pub fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = object.trim_start().strip_prefix('{')?;
    loop {
        let (key, after_key) = split_value(rest)?;
        let (value, after_value) = split_value(after_key.strip_prefix(':')?)?;
        if string(key)? == name {
            return Some(value);
        }
        rest = after_value.strip_prefix(',')?;
    }
}

/// The contents of a string, from its text with quotes and escapes.
pub fn string(text: &str) -> Option<String> {
    let mut escaped = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut contents = String::new();
    while let Some(c) = escaped.next() {
        contents.push(match c {
            '\\' => match escaped.next()? {
                'b' => '\u{8}',
                'f' => '\u{C}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => unicode(&mut escaped)?,
                other => other, // \" \\ \/
            },
            other => other,
        });
    }
    Some(contents)
}

/// The four digits after \u, or a surrogate pair.
fn unicode(escaped: &mut std::str::Chars) -> Option<char> {
    let mut units = vec![four_digits(escaped)?];
    if (0xD800..0xDC00).contains(&units[0]) {
        escaped.next().filter(|&c| c == '\\')?;
        escaped.next().filter(|&c| c == 'u')?;
        units.push(four_digits(escaped)?);
    }
    char::decode_utf16(units).next()?.ok()
}

fn four_digits(escaped: &mut std::str::Chars) -> Option<u16> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + escaped.next()?.to_digit(16)? as u16))
}

/// The first value, and the text from the comma, colon or bracket that follows it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut in_string, mut after_backslash) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if after_backslash => after_backslash = false,
            b'\\' => after_backslash = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b',' | b':' | b'}' | b']' if depth == 0 => return Some((text[..at].trim(), &text[at..])),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}
