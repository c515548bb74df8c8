//! A JSON value that is read as strictly as the API server reads it, with the place of what is unknown or wrong.

use std::cell::RefCell;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde_json::{Error, Value};

use crate::validate::At;

/// What is found on the way.
#[derive(Default)]
pub(super) struct Found {
    /// Fields that nobody reads, in document order.
    pub(super) unknown: RefCell<Vec<String>>,
    /// Where the first error was.
    pub(super) wrong: RefCell<Option<String>>,
}

impl Found {
    /// Notes the place of an error, unless it came from further inside.
    fn placed<T>(&self, at: &At<'_>, read: Result<T, Error>) -> Result<T, Error> {
        if read.is_err() {
            self.wrong.borrow_mut().get_or_insert_with(|| at.to_string());
        }
        read
    }
}

/// Reads like the value itself, except that a list is never taken for a structure: derived decoders would fill
/// the fields of `virtualhost: [a.example]` in order.
///
/// It notes places itself, because every layer around it would be compiled again for every structure.
pub(super) struct Strict<'a> {
    pub(super) value: Value,
    pub(super) at: &'a At<'a>,
    pub(super) found: &'a Found,
}

impl Strict<'_> {
    fn fields<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Array(_) => {
                self.found.placed(self.at, Err(Error::invalid_type(Unexpected::Seq, &"a map")))
            }
            _ => self.deserialize_any(visitor),
        }
    }
}

impl<'de> Deserializer<'de> for Strict<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { value, at, found } = self;
        let read = match value {
            Value::Array(items) => visitor.visit_seq(Items { rest: items.into_iter(), index: 0, at, found }),
            Value::Object(fields) => {
                visitor.visit_map(Fields { rest: fields.into_iter(), next: None, at, found })
            }
            scalar => scalar.deserialize_any(visitor),
        };
        found.placed(at, read)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Self { at, found, .. } = self;
        found.placed(at, visitor.visit_newtype_struct(self))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.fields(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.fields(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    /// Derived decoders ask for this where they do not know the field.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.found.unknown.borrow_mut().push(self.at.to_string());
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit seq tuple
        tuple_struct enum identifier
    }
}

/// The fields of an object, in document order.
struct Fields<'a> {
    rest: serde_json::map::IntoIter,
    next: Option<(String, Value)>,
    at: &'a At<'a>,
    found: &'a Found,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next = self.rest.next();
        let Some((key, _)) = &self.next else { return Ok(None) };
        seed.deserialize(key.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) =
            self.next.take().ok_or_else(|| Error::custom("a value was asked for before its key"))?;
        seed.deserialize(Strict { value, at: &self.at.field(&key), found: self.found })
    }
}

/// The elements of a list.
struct Items<'a> {
    rest: std::vec::IntoIter<Value>,
    index: usize,
    at: &'a At<'a>,
    found: &'a Found,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(value) = self.rest.next() else { return Ok(None) };
        let at = At::Index(self.at, self.index);
        self.index += 1;
        seed.deserialize(Strict { value, at: &at, found: self.found }).map(Some)
    }
}
