//! The page of keys, from the JSON Schema: each section with its keys, types and sentences.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The page for a schema.
pub fn page(schema: &Value) -> String {
    let mut text = String::from(
        "# Keys\n\nEvery key of a configuration, as `lb schema` describes it. [keys.md](../keys.md) has defaults, HAProxy's words and \
         owners.\n",
    );
    let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut sections = vec![("The file".to_owned(), schema.clone())];
    let mut next = 0;
    // Breadth first, each type where it is first met.
    while next < sections.len() {
        let (title, section) = sections[next].clone();
        next += 1;
        let Some(properties) = section["properties"].as_object() else { continue };
        let about = section["description"].as_str().unwrap_or_default();
        let _ = writeln!(text, "\n## {title}\n\n{about}\n\n| key | type | meaning |\n|---|---|---|");
        for (key, value) in properties {
            let required = section["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
            let meaning = value["description"].as_str().unwrap_or_default().replace('|', "\\|").replace('\n', " ");
            let required = if required { " Required." } else { "" };
            let _ = writeln!(text, "| `{key}` | {} | {meaning}{required} |", kind(value, &definitions));
            for name in references(value) {
                let target = definitions.get(&name).cloned().unwrap_or_default();
                let known = sections.iter().any(|(_, section)| *section == target);
                if !known && target.get("properties").is_some() {
                    sections.push((format!("`{key}`"), target));
                }
            }
        }
    }
    text
}

/// The types that a value refers to, however deep.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value.as_str()) {
                ("$ref", Some(target)) => target.rsplit('/').next().map(str::to_owned).into_iter().collect(),
                // The list form of a section repeats its map form.
                ("items", _) if value.get("properties").is_some() => Vec::new(),
                _ => references(value),
            })
            .collect(),
        Value::Array(all) => all.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// What may be written, in words.
fn kind(value: &Value, definitions: &Map<String, Value>) -> String {
    let Some(map) = value.as_object() else { return "anything".to_owned() };
    if let Some(target) = map.get("$ref").and_then(Value::as_str) {
        let name = target.rsplit('/').next().unwrap_or_default();
        return definitions.get(name).map_or_else(|| name.to_owned(), |target| named(name, target, definitions));
    }
    for list in ["anyOf", "oneOf"] {
        if let Some(all) = map.get(list).and_then(Value::as_array) {
            let mut kinds: Vec<String> = all.iter().map(|one| kind(one, definitions)).collect();
            kinds.retain(|kind| kind != "nothing");
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    if let Some(all) = map.get("enum").and_then(Value::as_array) {
        return words(all.iter());
    }
    if let Some(one) = map.get("const") {
        return words(std::iter::once(one));
    }
    let types: Vec<&str> = match map.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => return "anything".to_owned(),
    };
    let bounds = || match (map.get("minimum").and_then(Value::as_u64), map.get("maximum").and_then(Value::as_u64)) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => "count".to_owned(),
    };
    let one = |name: &&str| match *name {
        "integer" => bounds(),
        "string" => "text".to_owned(),
        "boolean" => "boolean".to_owned(),
        "array" => {
            format!("list of {}", map.get("items").map_or("anything".to_owned(), |item| kind(item, definitions)))
        }
        "object" => match map.get("additionalProperties").filter(|value| value.is_object()) {
            Some(value) => format!("map from names to {}", kind(value, definitions)),
            None => "map with a `name`".to_owned(),
        },
        "null" => "nothing".to_owned(),
        other => other.to_owned(),
    };
    if types.is_empty() { "nothing".to_owned() } else { types.iter().map(one).collect::<Vec<_>>().join(" or ") }
}

/// A type by its name, or by its words if it is a choice.
fn named(name: &str, target: &Value, definitions: &Map<String, Value>) -> String {
    if target.get("properties").is_some() {
        return "map".to_owned();
    }
    match target.get("enum").or_else(|| target.get("oneOf")).or_else(|| target.get("anyOf")) {
        Some(_) => kind(target, definitions),
        None => match name {
            "AddressSpec" | "Address" => "address".to_owned(),
            "Duration" | "Size" | "Percent" => name.to_lowercase(),
            _ => match target.get("examples").and_then(Value::as_array) {
                Some(examples) => format!("text such as {}", words(examples.iter())),
                None => kind(target, definitions),
            },
        },
    }
}

fn words<'v>(all: impl Iterator<Item = &'v Value>) -> String {
    all.map(|one| format!("`{}`", one.as_str().map_or_else(|| one.to_string(), str::to_owned)))
        .collect::<Vec<_>>()
        .join(", ")
}
