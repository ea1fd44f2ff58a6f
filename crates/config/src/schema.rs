//! JSON Schema of this crate's own types, for `lb schema`; knows shapes and units, not options.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::ordered::NAME_KEY;
use crate::{Duration, NamedMap, OneOrMany, OrderedMap, Percent, ShortForm, Size, Spanned};

/// What a text may be instead of its own form: it holds a variable, and nobody knows what that will be.
const VARIABLE: &str = r"\$\{";

/// A text with a unit, of which `pattern` is the whole form.
fn unit(pattern: &str, description: &str, examples: &[&str]) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": format!(r"^\s*{pattern}\s*$|{VARIABLE}"),
        "description": description,
        "examples": examples,
    })
}

macro_rules! unit_schema {
    ($type:ty, $name:literal, $pattern:literal, $description:literal, $examples:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                unit($pattern, $description, $examples)
            }
        }
    };
}

unit_schema!(
    Duration,
    "Duration",
    r"[0-9]+\s*(us|ms|s|m|h|d)",
    "A whole number and its unit of time.",
    &["100ms", "5s", "2m"]
);
unit_schema!(
    Size,
    "Size",
    r"[0-9]+\s*(B|KiB|kB|MiB|MB|GiB|GB)",
    "A whole number and its unit of size.",
    &["512B", "64KiB", "1MiB"]
);
unit_schema!(Percent, "Percent", r"[0-9]+(\.[0-9]{1,2})?\s*%", "A number and the percent sign.", &["50%", "12.5%"]);

/// A place is no part of what is written.
impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [item, { "type": ["array", "null"], "items": item }] })
    }
}

impl<T: JsonSchema> JsonSchema for ShortForm<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("ShortForm_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "string" }, full] })
    }
}

impl<T: JsonSchema> JsonSchema for OrderedMap<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OrderedMap_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": ["object", "null"], "additionalProperties": value })
    }
}

impl<T: JsonSchema> JsonSchema for NamedMap<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("NamedMap_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let map = json!({ "type": ["object", "null"], "additionalProperties": value });
        let whole = T::json_schema(generator);
        match object(whole.as_value(), generator.definitions()).cloned() {
            Some(mut item) => {
                add_name(&mut item);
                json_schema!({ "anyOf": [map, { "type": "array", "items": item }] })
            }
            None => json_schema!({ "anyOf": [map] }),
        }
    }
}

/// The object among what a value may be: itself, one of its alternatives, or what it refers to.
fn object<'s>(schema: &'s Value, definitions: &'s Map<String, Value>) -> Option<&'s Map<String, Value>> {
    let map = schema.as_object()?;
    if map.contains_key("properties") {
        return Some(map);
    }
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        return object(definitions.get(reference.rsplit('/').next()?)?, definitions);
    }
    map.get("anyOf")?.as_array()?.iter().find_map(|one| object(one, definitions))
}

fn add_name(item: &mut Map<String, Value>) {
    let name = json!({ "type": "string", "description": "Its name, in place of the key of a map." });
    if let Some(properties) = item.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(NAME_KEY.to_owned(), name);
    }
    match item.get_mut("required").and_then(Value::as_array_mut) {
        Some(required) => required.push(json!(NAME_KEY)),
        None => {
            item.insert("required".to_owned(), json!([NAME_KEY]));
        }
    }
}
