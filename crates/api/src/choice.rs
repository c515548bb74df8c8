//! A field with a fixed set of words, that stays readable when a user mistypes the word.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The words of a field such as `sameSite`.
pub trait Choices: Copy + PartialEq + 'static {
    /// Every word with its meaning, in the order of the documentation. Never empty.
    const ALL: &'static [(&'static str, Self)];
}

/// One word out of [`Choices`], or what the user wrote instead.
///
/// An unknown word is no decoding error: it is reported by the validation, with its path, while the rest of
/// the object stays in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice<T> {
    /// One of the words.
    Known(T),
    /// Anything else, as written.
    Unknown(Box<str>),
}

impl<T: Choices> Choice<T> {
    /// Reads a word; the comparison is exact, as Kubernetes does it.
    pub fn parse(word: &str) -> Self {
        T::ALL
            .iter()
            .find(|(name, _)| *name == word)
            .map_or_else(|| Self::Unknown(word.into()), |(_, value)| Self::Known(*value))
    }

    /// The meaning of the word, unless it is unknown.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }

    /// The word as the user wrote it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => T::ALL.iter().find(|(_, v)| v == value).map_or("", |(name, _)| name),
            Self::Unknown(word) => word,
        }
    }
}

/// Nothing given: an unknown word, which is never taken for one of the others.
impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self::Unknown("".into())
    }
}

impl<T> From<T> for Choice<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: Choices> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, T: Choices> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

impl<T: Choices> JsonSchema for Choice<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Choice".into()
    }

    /// The words; a type for itself for each set of them.
    fn schema_id() -> Cow<'static, str> {
        std::any::type_name::<Self>().into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = T::ALL.iter().map(|(word, _)| *word).collect();
        json_schema!({"type": "string", "enum": words})
    }
}

/// Declares an enum together with its words.
macro_rules! choices {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $crate::Choices for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        }
    };
}
pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::http_proxy::policy::SameSite;

    #[test]
    fn unknown_word_stays_readable_and_round_trips() {
        for text in ["\"Lax\"", "\"lax\"", "\"\"", "\"None\""] {
            let read: Choice<SameSite> = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        assert_eq!(Choice::<SameSite>::parse("lax").known(), None);
        assert_eq!(Choice::<SameSite>::parse("None").known(), Some(SameSite::None));
    }
}
