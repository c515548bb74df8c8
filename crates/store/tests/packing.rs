//! What is packed comes out as it went in.

extern crate isobath_store as store;

use std::cell::Cell;

use api::{HttpProxy, HttpProxySpec};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use store::HttpProxyFact;

/// Words that some fields know, and texts that JSON has to escape.
const TEXTS: [&str; 8] = ["", "web", "h2", "Lax", "Peer", "5xx", "\"quoted\" \\ \n \u{0}", "ü€😀"];
const NUMBERS: [i64; 5] = [0, 1, -1, i64::MIN, i64::MAX];
/// The odds at which everything is there.
const ALWAYS: u64 = 4;

/// Decodes to any value of a type, all of its fields included, those of tomorrow too.
#[derive(Clone, Copy)]
struct Dice<'d> {
    state: &'d Cell<u64>,
    /// How often something is there, of [`ALWAYS`] times.
    odds: u64,
}

impl Dice<'_> {
    fn below(self, limit: u64) -> u64 {
        let state =
            self.state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state.set(state);
        (state >> 33) % limit
    }

    fn is_there(self) -> bool {
        self.below(ALWAYS) < self.odds
    }

    fn one_of<T: Copy>(self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn length(self) -> u64 {
        if self.is_there() { 1 + self.below(2) } else { 0 }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Dice<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Dice<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no spec had such a type: teach it to the dice"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.is_there())
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(self.one_of(&NUMBERS))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.one_of(&TEXTS))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_there() { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new((0..self.length()).map(|_| self)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new((0..self.length()).map(|_| (self, self))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(fields.iter().map(|field| (*field, self))))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct newtype_struct
        tuple tuple_struct enum identifier ignored_any
    }
}

/// Specs from empty to full.
fn specs() -> impl Iterator<Item = HttpProxySpec> {
    let seeds = (0..=ALWAYS).flat_map(|odds| (0..100).map(move |seed| (odds, seed)));
    seeds.map(|(odds, seed)| {
        let state = Cell::new(seed);
        HttpProxySpec::deserialize(Dice { state: &state, odds }).expect("a spec")
    })
}

fn fact(spec: &HttpProxySpec) -> HttpProxyFact {
    HttpProxyFact::from(&HttpProxy { spec: spec.clone(), ..HttpProxy::default() })
}

#[test]
fn every_field_of_a_spec_comes_out_as_it_went_in() {
    for spec in specs() {
        assert_eq!(fact(&spec).spec(), spec);
    }
}

#[test]
fn facts_are_equal_exactly_when_their_specs_are() {
    let specs: Vec<_> = specs().collect();
    for pair in specs.windows(2) {
        assert_eq!(fact(&pair[0]) == fact(&pair[1]), pair[0] == pair[1]);
        assert_eq!(fact(&pair[0]), fact(&pair[0].clone()));
    }
}
