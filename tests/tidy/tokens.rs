//! Words and marks of Rust source, without comments, literals and test code.

/// Identifiers, `::`, and single marks, in order. What is marked `#[cfg(test)]` is left out.
pub fn tokens(source: &str) -> Vec<&str> {
    without_tests(&all_tokens(source))
}

/// Whether a token is an identifier or a keyword.
pub fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn all_tokens(source: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if let Some(skipped) = comment(rest).or_else(|| literal(rest)) {
            skipped
        } else {
            let token = match word(rest) {
                0 if rest.starts_with("::") => "::",
                0 => &rest[..first.len_utf8()],
                n => &rest[..n],
            };
            found.push(token);
            token.len()
        };
        rest = &rest[length..];
    }
    found
}

/// Bytes of the letters, digits and underscores at the front.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| {
        let (mut depth, mut at) = (1, 2);
        while depth > 0 {
            let Some(next) = text[at..].find(['/', '*']) else { return text.len() };
            at += next;
            match &text[at..(at + 2).min(text.len())] {
                "/*" => (depth, at) = (depth + 1, at + 2),
                "*/" => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
        }
        at
    })
}

/// Length of a string, character, number or lifetime.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|p| text.starts_with(p))?;
    let body = &text[prefix.len()..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if prefix.ends_with('r') && body[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = prefix.len() + hashes + 1;
        return Some(text[inside..].find(&end).map_or(text.len(), |n| inside + n + end.len()));
    }
    match body.chars().next()? {
        '"' => Some(prefix.len() + quoted(body, '"')),
        '\'' if prefix.is_empty() && is_lifetime(body) => Some(1 + word(&body[1..])),
        '\'' => Some(prefix.len() + quoted(body, '\'')),
        '0'..='9' if prefix.is_empty() => Some(word(body)),
        _ => None,
    }
}

/// `'a` that is no character.
fn is_lifetime(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    let first = characters.next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_') && characters.next() != Some('\'')
}

/// Length of a literal from quote to quote, which a backslash escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// Leaves out items behind `#[cfg(test)]` and its like.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at..].starts_with(&["#", "[", "cfg"]) {
            let end = closing(tokens, at + 1);
            let condition = &tokens[at..end];
            at = end;
            if condition.contains(&"test") && !condition.contains(&"not") {
                at = end_of_item(tokens, at);
            }
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// Where the item that starts here ends: after its `;`, or after its braces.
fn end_of_item(tokens: &[&str], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at] {
            ";" => return at + 1,
            "{" => return closing(tokens, at),
            "(" | "[" => at = closing(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// Where what opens here is closed again: the place after it.
fn closing(tokens: &[&str], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[test]
fn comments_literals_and_tests_are_left_out() {
    let text = |source: &str| tokens(source).join(" ");
    assert_eq!(text("a // b\n/* c /* d */ e */ f"), "a f");
    assert_eq!(
        text(r####"x("a\"b", r#"c"d"#, b"e", 'f', '\'', '"', b'g', 1e-3, 0x1f)"####),
        "x ( , , , , , , , - , )"
    );
    assert_eq!(text("fn f<'a>(x: &'a str) -> r<'_> {}"), "fn f < > ( x : & str ) - > r < > { }");
    assert_eq!(text("0..n; β_1::x"), ". . n ; β_1 :: x");
    let tested = "#[cfg(test)]\n#[path = \"t.rs\"]\nmod tests;\n#[cfg(all(test, feature = \"c\"))]\n\
        mod more { fn f() {} }\n#[cfg(test)] const X: [u8; 2] = [1; 2];\n";
    assert_eq!(text(&format!("{tested}#[cfg(not(test))] a")), "a");
    assert_eq!(text("#[cfg(feature = \"c\")] mod a;"), "mod a ;");
}
