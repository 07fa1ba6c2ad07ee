//! Which photos count: `balanced=1,owner!=A,country="Korea, Republic of"`.

use std::fmt;
use std::str::FromStr;

use formats::table::PhotoRow;

/// One condition on a column of the truth; texts are compared exactly, a missing value is the empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column's name in the file.
    pub column: String,
    /// The value to compare with.
    pub value: String,
    /// True for `=`, false for `!=`.
    pub equal: bool,
}

impl Condition {
    /// Whether a photo fits.
    pub fn fits(&self, photo: &PhotoRow) -> bool {
        self.fits_text(&photo.get(&self.column).unwrap_or_default())
    }

    /// Whether a photo with this text in the column fits.
    pub(crate) fn fits_text(&self, text: &str) -> bool {
        (text == self.value) == self.equal
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = if self.equal { "=" } else { "!=" };
        write!(formatter, "{}{operator}", self.column)?;
        if self.value.contains([',', '"']) || self.value.trim() != self.value {
            write!(formatter, "\"{}\"", self.value.replace('"', "\"\""))
        } else {
            formatter.write_str(&self.value)
        }
    }
}

/// Conditions that must all hold; none selects every photo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The conditions.
    pub conditions: Vec<Condition>,
}

impl Selection {
    /// Reads several expressions; all must hold.
    ///
    /// # Errors
    /// The first expression that is wrong.
    pub fn parse_all<T: AsRef<str>>(expressions: &[T]) -> Result<Self, SelectionError> {
        let mut all = Self::default();
        for expression in expressions {
            all.conditions.extend(expression.as_ref().parse::<Self>()?.conditions);
        }
        Ok(all)
    }

    /// Whether a photo fits all conditions.
    pub fn fits(&self, photo: &PhotoRow) -> bool {
        self.conditions.iter().all(|condition| condition.fits(photo))
    }

    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }
}

impl fmt::Display for Selection {
    /// As it is parsed; empty without conditions.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.conditions.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            condition.fmt(formatter)?;
        }
        Ok(())
    }
}

/// A filter that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Neither `=` nor `!=`.
    #[error("the condition \"{0}\" has neither = nor !=")]
    NoOperator(String),
    /// Nothing before the operator.
    #[error("the condition \"{0}\" names no column")]
    NoColumn(String),
    /// A quote without its partner, or text after the closing one.
    #[error("the condition \"{0}\" is not quoted properly")]
    Quotes(String),
}

impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(expression: &str) -> Result<Self, SelectionError> {
        let mut conditions = Vec::new();
        let mut rest = expression.trim();
        while !rest.is_empty() {
            let (condition, after) = parse_condition(rest)?;
            conditions.push(condition);
            rest = after;
        }
        Ok(Self { conditions })
    }
}

/// The first condition of a non-empty text, and what follows the comma after it.
fn parse_condition(text: &str) -> Result<(Condition, &str), SelectionError> {
    let until_comma = text.split(',').next().unwrap_or_default();
    let (name, after) = match until_comma.split_once('=') {
        Some((name, _)) => (name, text.get(name.len() + 1..).unwrap_or_default()),
        None => return Err(SelectionError::NoOperator(until_comma.trim().to_owned())),
    };
    let (name, equal) = match name.strip_suffix('!') {
        Some(name) => (name.trim(), false),
        None => (name.trim(), true),
    };
    if name.is_empty() {
        return Err(SelectionError::NoColumn(until_comma.trim().to_owned()));
    }
    let (value, rest) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
        unquote(quoted).ok_or_else(|| SelectionError::Quotes(text.trim().to_owned()))?
    } else {
        let (value, rest) = after.split_once(',').unwrap_or((after, ""));
        (value.trim().to_owned(), rest)
    };
    Ok((Condition { column: name.to_owned(), value, equal }, rest.trim_start()))
}

/// The text up to the closing quote, and what follows the comma after it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        value.push_str(before);
        rest = after;
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => break,
        }
    }
    let rest = rest.trim_start();
    if rest.is_empty() { Some((value, rest)) } else { rest.strip_prefix(',').map(|rest| (value, rest)) }
}

#[cfg(test)]
mod tests {
    use geo::LatLon;
    use proptest::prelude::*;

    use super::*;

    fn condition(column: &str, equal: bool, value: &str) -> Condition {
        Condition { column: column.into(), value: value.into(), equal }
    }

    #[test]
    fn reads_conditions_joined_by_commas() {
        let read: Selection =
            r#" balanced = 1, owner!=A B ,country="Korea, ""South""" ,city=,x==y, "#.parse().unwrap();
        assert_eq!(
            read.conditions,
            [
                condition("balanced", true, "1"),
                condition("owner", false, "A B"),
                condition("country", true, "Korea, \"South\""),
                condition("city", true, ""),
                condition("x", true, "=y"),
            ]
        );
        assert!("".parse::<Selection>().unwrap().is_empty());
        assert_eq!(Selection::parse_all(&["a=1", "b!=2"]).unwrap().to_string(), "a=1,b!=2");
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| text.parse::<Selection>().unwrap_err();
        assert_eq!(wrong("a=1,b"), SelectionError::NoOperator("b".into()));
        assert_eq!(wrong("=1"), SelectionError::NoColumn("=1".into()));
        assert_eq!(wrong("!=1"), SelectionError::NoColumn("!=1".into()));
        assert_eq!(wrong("a=\"x"), SelectionError::Quotes("a=\"x".into()));
        assert_eq!(wrong("a=\"x\"y"), SelectionError::Quotes("a=\"x\"y".into()));
    }

    #[test]
    fn a_missing_value_is_the_empty_text() {
        let photo = PhotoRow::new("a", LatLon::new(0.0, 0.0).unwrap());
        assert!("city=".parse::<Selection>().unwrap().fits(&photo));
        assert!("city!=Rome,owner=".parse::<Selection>().unwrap().fits(&photo));
        assert!(!"city=Rome".parse::<Selection>().unwrap().fits(&photo));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(
            conditions in prop::collection::vec(("[a-z_]{1,5}", "[a-z,\" =!é]{0,6}", any::<bool>()), 0..4),
        ) {
            let conditions = conditions.into_iter().map(|(column, value, equal)| Condition { column, value, equal });
            let selection = Selection { conditions: conditions.collect() };
            prop_assert_eq!(selection.to_string().parse::<Selection>().unwrap(), selection);
        }
    }
}
