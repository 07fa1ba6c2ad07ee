//! Why an answer gives no candidate.

/// Why an answer gives no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// The model would not say, in words or through a filter.
    Refused,
    /// No coordinate in the text.
    NoCoordinate,
    /// A coordinate that is not on Earth.
    OutOfRange,
    /// Exactly 0, 0: what models write when they do not know.
    NullIsland,
    /// No coordinate in a text that was cut by the limit of tokens.
    Cut,
    /// Spans of latitude or longitude, of which no point is the answer.
    Range,
    /// Several places or readings, and no word on which is the answer.
    Ambiguous,
    /// A place is named and not its coordinates, and the gazetteer does not have it.
    UnknownPlace,
    /// A code in place of degrees: plus code, geohash, UTM, MGRS.
    Code,
    /// Thoughts that were never finished, or that hold no place, and no answer behind them.
    Thoughts,
    /// Nothing at all.
    Empty,
}

impl Dropped {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Refused,
        Self::NoCoordinate,
        Self::OutOfRange,
        Self::NullIsland,
        Self::Cut,
        Self::Range,
        Self::Ambiguous,
        Self::UnknownPlace,
        Self::Code,
        Self::Thoughts,
        Self::Empty,
    ];

    /// The name in JSON outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NoCoordinate => "no_coordinate",
            Self::OutOfRange => "out_of_range",
            Self::NullIsland => "null_island",
            Self::Cut => "cut",
            Self::Range => "range",
            Self::Ambiguous => "ambiguous",
            Self::UnknownPlace => "unknown_place",
            Self::Code => "code",
            Self::Thoughts => "thoughts",
            Self::Empty => "empty",
        }
    }

    /// Words for a person, after a number: `3 refused`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NoCoordinate => "without a coordinate",
            Self::OutOfRange => "out of range",
            Self::NullIsland => "at exactly 0, 0",
            Self::Cut => "cut off (raise `max_tokens`)",
            Self::Range => "with ranges instead of a point",
            Self::Ambiguous => "ambiguous",
            Self::UnknownPlace => "with the name of an unknown place",
            Self::Code => "with a code instead of degrees",
            Self::Thoughts => "with thoughts only (raise `max_tokens`)",
            Self::Empty => "empty",
        }
    }
}
