//! Objects of any content, with every field that their kinds have: most of what they say is right, some of it is
//! unusual, and some is wrong. Equal seeds give equal objects.

use serde_json::{Map, Value, json};

use crate::Dice;
use words::Words;

mod annotations;
mod kinds;
mod pairs;
mod schemas;
mod secrets;
mod shapes;
mod surroundings;
mod words;

pub use surroundings::surroundings;

/// Makes objects.
pub struct Anything {
    dice: Dice,
    /// The object's number, which its names have.
    number: u64,
    /// How many of a hundred values are not what they should be.
    spoilt: usize,
}

/// The fields that lead to a value, the outermost first.
type Path<'a> = &'a [&'a str];

impl Anything {
    /// One object, with those that only make sense beside it.
    pub fn objects(seed: u64, number: u64) -> Vec<Value> {
        Self::of(seed, number).any_kind()
    }

    /// A ContourConfiguration.
    pub fn configuration(seed: u64, number: u64) -> Value {
        Self::of(seed, number).configuration_of_any_content()
    }

    fn of(seed: u64, number: u64) -> Self {
        let mut dice = Dice::of(seed, number);
        // A third is as it should be; of those with many faults little is served.
        let spoilt = [0, 0, 0, 1, 1, 2, 4, 12][dice.below(8)];
        Self { dice, number, spoilt }
    }

    fn is_spoilt(&mut self) -> bool {
        let spoilt = self.spoilt;
        self.dice.chance(spoilt)
    }

    /// A value that a schema describes.
    fn value(&mut self, schema: &Value, path: Path<'_>) -> Value {
        if self.is_spoilt() {
            return self.wrong(schema);
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, path),
            Some("array") => self.array(schema, path),
            Some("integer") => self.integer(schema, path),
            Some("boolean") => Value::from(self.dice.chance(50)),
            _ => self.string(schema, path),
        }
    }

    fn object(&mut self, schema: &Value, path: Path<'_>) -> Value {
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let mut fields = Map::new();
        for name in self.chosen(schema, properties, path) {
            let path = [path, &[name.as_str()]].concat();
            fields.insert(name.clone(), self.value(&properties[&name], &path));
        }
        if schema["additionalProperties"].is_object() {
            for _ in 0..self.dice.below(3) {
                fields.insert(
                    self.dice.pick(&words::PLAIN).to_owned(),
                    Value::from(self.dice.pick(&words::PLAIN)),
                );
            }
        }
        shapes::mended(Value::Object(fields), path)
    }

    /// The fields that are there: the required ones, any of the others, and of those that exclude each other one.
    fn chosen(&mut self, schema: &Value, properties: &Map<String, Value>, path: Path<'_>) -> Vec<String> {
        let mut chosen = Vec::new();
        let excluded = if self.is_spoilt() { Vec::new() } else { self.excluded(path) };
        for name in properties.keys().filter(|name| !excluded.contains(&name.as_str())) {
            let required = schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
            let share = if required { 100 } else { shapes::share(path, name) };
            if self.dice.chance(share) && !self.is_spoilt() {
                chosen.push(name.clone());
            }
        }
        chosen
    }

    fn excluded(&mut self, path: Path<'_>) -> Vec<&'static str> {
        let groups = shapes::alternatives(path);
        let mut excluded = Vec::new();
        for group in groups {
            let kept = self.dice.pick(group);
            excluded.extend(group.iter().filter(|name| **name != kept));
        }
        excluded
    }

    fn array(&mut self, schema: &Value, path: Path<'_>) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let most = schema["maxItems"].as_u64().unwrap_or(3) as usize;
        let count = least.max([1, 1, 1, 2, 2, 3][self.dice.below(6)]).min(most);
        let items = (0..count).map(|_| self.value(&schema["items"], path)).collect();
        if self.is_spoilt() { Value::Array(items) } else { Value::Array(shapes::mended_list(items, path)) }
    }

    fn integer(&mut self, schema: &Value, path: Path<'_>) -> Value {
        if let Some(all) = schema["enum"].as_array() {
            return all[self.dice.below(all.len())].clone();
        }
        if let Some(ports) = shapes::ports(path) {
            return Value::from(ports[self.dice.below(ports.len())]);
        }
        let low = schema["minimum"].as_i64().unwrap_or(0);
        let high = schema["maximum"].as_i64().unwrap_or(i64::MAX);
        let near = [low, low.saturating_add(1), 2, 3, 10, 60, 100, 500, 503, 3600, high - 1, high];
        let within: Vec<i64> = near.into_iter().filter(|number| (low..=high).contains(number)).collect();
        Value::from(within[self.dice.below(within.len())])
    }

    fn string(&mut self, schema: &Value, path: Path<'_>) -> Value {
        if let Some(all) = schema["enum"].as_array() {
            return all[self.dice.below(all.len())].clone();
        }
        let words = Words::of(path);
        let unusual = self.dice.chance(self.spoilt.min(5) * 4);
        Value::from(words.pick(unusual, self.number, &mut self.dice))
    }

    /// Something else than what the schema says.
    fn wrong(&mut self, schema: &Value) -> Value {
        match schema["type"].as_str() {
            Some("object") => json!({}),
            Some("array") => json!([]),
            Some("integer") => Value::from(words::NUMBERS[self.dice.below(words::NUMBERS.len())]),
            Some("boolean") => Value::from(true),
            _ => Value::from(words::nasty(&mut self.dice)),
        }
    }
}
