//! Python literals: what `repr` writes, and nothing that would have to be run.

use std::fmt;

use super::literal_text::text_at;

/// Nesting beyond this is not data: the parser would run out of stack before the text ends.
const DEEPEST: usize = 64;

/// A value written in Python.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point or an exponent, `nan`, `inf`, or a number in `np.float64(..)`.
    Float(f64),
    /// A string.
    Text(String),
    /// `[..]`.
    List(Vec<Literal>),
    /// `(..)`.
    Tuple(Vec<Literal>),
    /// `{key: value}`, in the order of the text.
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// The number, if it is one; `True` is none.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of a list or a tuple.
    pub fn items(&self) -> Option<&[Literal]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dictionary",
        }
    }
}

/// Why a text is not a literal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {}: {problem}", self.at)]
pub struct LiteralError {
    /// Which character of the text, from 1.
    pub at: usize,
    /// What is wrong there.
    pub problem: LiteralProblem,
}

/// See [`LiteralError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralProblem {
    /// The text ends within a value.
    Ends,
    /// Something else than what may stand there.
    Unexpected {
        /// What is there.
        found: char,
        /// What may be there.
        expected: &'static str,
    },
    /// A name: a variable, a function, a keyword.
    Name(String),
    /// A function called that is not a number type of numpy.
    Call(String),
    /// An operator, an index, an attribute: something to compute.
    Expression(char),
    /// Digits that make no number, or one beyond 64 bits.
    Number(String),
    /// A string that does not end, or a wrong escape in it.
    Text(&'static str),
    /// Lists in lists in lists.
    Deep,
}

impl fmt::Display for LiteralProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends => formatter.write_str("the text ends in the middle of a value"),
            Self::Unexpected { found, expected } => write!(formatter, "`{found}` where {expected} is needed"),
            Self::Name(name) => write!(formatter, "`{name}` is a name, not a value"),
            Self::Call(name) => {
                write!(formatter, "`{name}(` would be a call: only values are read, nothing is run")
            }
            Self::Expression(found) => {
                write!(formatter, "`{found}` would be an expression: only values are read, nothing is run")
            }
            Self::Number(text) => write!(formatter, "`{text}` is not a number that can be read"),
            Self::Text(why) => formatter.write_str(why),
            Self::Deep => write!(formatter, "values are nested more than {DEEPEST} deep"),
        }
    }
}

/// Types whose one argument is the value: what numpy 2 writes for its scalars.
const SCALARS: [&str; 13] = [
    "float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16",
    "uint8", "str_", "bool_",
];

/// Reads one value that takes the whole text (white space aside).
///
/// # Errors
/// [`LiteralError`]: anything that is not a value, and where it is.
pub fn parse(text: &str) -> Result<Literal, LiteralError> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0).and_then(|value| {
        parser.skip_space();
        match parser.peek() {
            None => Ok(value),
            Some(found) => Err(parser.after_value(found, "the end of the text")),
        }
    });
    value.map_err(|(byte, problem)| {
        let at = text.get(..byte).map_or(0, |before| before.chars().count()) + 1;
        LiteralError { at, problem }
    })
}

/// A byte of the text and what is wrong there.
type Wrong = (usize, LiteralProblem);

struct Parser<'a> {
    text: &'a str,
    /// Always on a character boundary.
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        let bytes = self.rest().as_bytes();
        self.at +=
            bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')).count();
    }

    /// What is wrong about a character that follows a value.
    fn after_value(&self, found: char, expected: &'static str) -> Wrong {
        let problem = match found {
            '+' | '-' | '*' | '/' | '%' | '@' | '|' | '&' | '^' | '<' | '>' | '=' | '!' | '.' | '[' | '(' => {
                LiteralProblem::Expression(found)
            }
            _ if starts_name(found) => LiteralProblem::Name(self.word().to_owned()),
            _ => LiteralProblem::Unexpected { found, expected },
        };
        (self.at, problem)
    }

    fn value(&mut self, depth: usize) -> Result<Literal, Wrong> {
        if depth > DEEPEST {
            return Err((self.at, LiteralProblem::Deep));
        }
        self.skip_space();
        let Some(first) = self.peek() else { return Err((self.at, LiteralProblem::Ends)) };
        match first {
            '[' => Ok(Literal::List(self.items(']', depth)?.0)),
            '(' => self.tuple(depth),
            '{' => self.dict(depth),
            '\'' | '"' => {
                let (text, length) =
                    text_at(self.rest()).map_err(|(at, why)| (self.at + at, LiteralProblem::Text(why)))?;
                self.at += length;
                Ok(Literal::Text(text))
            }
            '0'..='9' | '.' | '+' | '-' => self.number(),
            _ if starts_name(first) => self.named(depth),
            _ => Err((self.at, LiteralProblem::Unexpected { found: first, expected: "a value" })),
        }
    }

    /// Values up to the closing bracket, and whether a comma stood behind any of them.
    fn items(&mut self, close: char, depth: usize) -> Result<(Vec<Literal>, bool), Wrong> {
        self.at += 1;
        let mut items = Vec::new();
        let mut commas = false;
        loop {
            self.skip_space();
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok((items, commas));
            }
            items.push(self.value(depth + 1)?);
            commas |= self.separator(close)?;
        }
    }

    /// A comma, or (not consumed) the closing bracket.
    fn separator(&mut self, close: char) -> Result<bool, Wrong> {
        self.skip_space();
        match self.peek() {
            Some(',') => {
                self.at += 1;
                Ok(true)
            }
            Some(found) if found == close => Ok(false),
            Some(found) => Err(self.after_value(found, "a comma or the closing bracket")),
            None => Err((self.at, LiteralProblem::Ends)),
        }
    }

    /// One value in brackets without a comma is that value.
    fn tuple(&mut self, depth: usize) -> Result<Literal, Wrong> {
        let (mut items, commas) = self.items(')', depth)?;
        match items.pop() {
            Some(only) if items.is_empty() && !commas => Ok(only),
            last => {
                items.extend(last);
                Ok(Literal::Tuple(items))
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal, Wrong> {
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some('}') {
                self.at += 1;
                return Ok(Literal::Dict(entries));
            }
            let key = self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(':') => self.at += 1,
                Some(found) => return Err(self.after_value(found, "a colon")),
                None => return Err((self.at, LiteralProblem::Ends)),
            }
            entries.push((key, self.value(depth + 1)?));
            self.separator('}')?;
        }
    }

    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|found: char| !(found.is_alphanumeric() || found == '_')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn named(&mut self, depth: usize) -> Result<Literal, Wrong> {
        let start = self.at;
        let word = self.word();
        self.at += word.len();
        match word {
            "None" => return Ok(Literal::None),
            "True" => return Ok(Literal::Bool(true)),
            "False" => return Ok(Literal::Bool(false)),
            "nan" => return Ok(Literal::Float(f64::NAN)),
            "inf" => return Ok(Literal::Float(f64::INFINITY)),
            _ => {}
        }
        let mut name = word;
        if matches!(word, "np" | "numpy") && self.peek() == Some('.') {
            self.at += 1;
            name = self.word();
            self.at += name.len();
        }
        let whole = self.text.get(start..self.at).unwrap_or_default();
        if whole.len() > word.len() {
            match name {
                "nan" => return Ok(Literal::Float(f64::NAN)),
                "inf" => return Ok(Literal::Float(f64::INFINITY)),
                "True_" => return Ok(Literal::Bool(true)),
                "False_" => return Ok(Literal::Bool(false)),
                _ => {}
            }
        }
        match self.peek() {
            Some('(') if SCALARS.contains(&name) => self.scalar(name, depth),
            Some('(') => Err((start, LiteralProblem::Call(whole.to_owned()))),
            Some(quote @ ('\'' | '"')) => Err((
                start,
                LiteralProblem::Unexpected { found: quote, expected: "a string without a prefix" },
            )),
            _ => Err((start, LiteralProblem::Name(whole.to_owned()))),
        }
    }

    /// The argument of a scalar type, which must be of its kind.
    fn scalar(&mut self, name: &str, depth: usize) -> Result<Literal, Wrong> {
        self.at += 1;
        let at = self.at;
        let value = self.value(depth + 1)?;
        self.skip_space();
        match self.peek() {
            Some(')') => self.at += 1,
            Some(found) => return Err(self.after_value(found, "the closing bracket")),
            None => return Err((self.at, LiteralProblem::Ends)),
        }
        let wrong = |expected| {
            (
                at,
                LiteralProblem::Unexpected { found: self.text[at..].chars().next().unwrap_or(' '), expected },
            )
        };
        match (name, value) {
            ("str_", value @ Literal::Text(_)) | ("bool_", value @ Literal::Bool(_)) => Ok(value),
            ("str_", _) => Err(wrong("a string")),
            ("bool_", _) => Err(wrong("True or False")),
            (_, Literal::Int(value)) if name.starts_with("float") => Ok(Literal::Float(value as f64)),
            (_, value @ Literal::Float(_)) if name.starts_with("float") => Ok(value),
            (_, value @ Literal::Int(_)) => Ok(value),
            _ => Err(wrong("a number of the type")),
        }
    }

    /// Signs, digits with single underscores between them, a point, an exponent.
    fn number(&mut self) -> Result<Literal, Wrong> {
        let start = self.at;
        let mut negative = false;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            negative ^= sign == '-';
            self.at += 1;
            self.skip_space();
        }
        if self.peek().is_some_and(starts_name) {
            let word = self.word();
            let value = match word {
                "nan" => f64::NAN,
                "inf" => f64::INFINITY,
                _ => return Err((self.at, LiteralProblem::Name(word.to_owned()))),
            };
            self.at += word.len();
            return Ok(Literal::Float(if negative { -value } else { value }));
        }
        let digits = self.at;
        let bytes = self.text.as_bytes();
        let mut whole = true;
        while let Some(&byte) = bytes.get(self.at) {
            let after_exponent = self.at > digits && matches!(bytes[self.at - 1], b'e' | b'E');
            match byte {
                b'.' | b'e' | b'E' => whole = false,
                b'+' | b'-' if after_exponent => {}
                _ if byte.is_ascii_alphanumeric() || byte == b'_' => {}
                _ => break,
            }
            self.at += 1;
        }
        let text = &self.text[digits..self.at];
        let wrong = || (start, LiteralProblem::Number(self.text[start..self.at].to_owned()));
        let plain = without_underscores(text).ok_or_else(wrong)?;
        if whole {
            let zeros = plain.len() > 1 && plain.starts_with('0') && plain.bytes().any(|byte| byte != b'0');
            let signed = if negative { format!("-{plain}") } else { plain.clone() };
            return match signed.parse() {
                Ok(value) if !zeros => Ok(Literal::Int(value)),
                _ => Err(wrong()),
            };
        }
        if !plain
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        {
            return Err(wrong());
        }
        let value: f64 = plain.parse().map_err(|_| wrong())?;
        Ok(Literal::Float(if negative { -value } else { value }))
    }
}

fn starts_name(found: char) -> bool {
    found == '_' || found.is_alphabetic()
}

/// Digits without the underscores that may stand between two of them.
fn without_underscores(text: &str) -> Option<String> {
    if !text.contains('_') {
        return Some(text.to_owned());
    }
    let pieces: Vec<&str> = text.split('_').collect();
    let whole = |piece: &&str| {
        piece.starts_with(|found: char| found.is_ascii_digit())
            && piece.ends_with(|found: char| found.is_ascii_digit())
    };
    pieces.iter().all(whole).then(|| pieces.concat())
}
