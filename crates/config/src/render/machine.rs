//! Findings for programs: one JSON object of our own, and SARIF 2.1.0 for editors and CI; decides nothing.

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::{Sources, Span};

/// `{"diagnostics": […], "errors": N, "warnings": N}`. Lines and columns count from 1, columns in characters; `end` is one past the
/// last character. What has no place has no `file`.
pub fn json(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let all: Vec<Value> = diagnostics.iter().map(|diagnostic| one(diagnostic, sources)).collect();
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    format!("{:#}\n", json!({ "diagnostics": all, "errors": errors, "warnings": diagnostics.len() - errors }))
}

fn one(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut object = json!({
        "code": diagnostic.code,
        "severity": severity(diagnostic.severity),
        "message": diagnostic.message,
        "help": diagnostic.help,
        "related": diagnostic.secondary.iter().map(|label| related(label, sources)).collect::<Vec<_>>(),
    });
    add(&mut object, place(diagnostic.primary.span, sources));
    if !diagnostic.primary.text.is_empty() {
        object["label"] = json!(diagnostic.primary.text);
    }
    object
}

fn related(label: &Label, sources: &Sources) -> Value {
    let mut object = json!({ "message": label.text });
    add(&mut object, place(label.span, sources));
    object
}

fn add(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

fn place(span: Span, sources: &Sources) -> Value {
    let span = sources.first_line(span);
    let end = Span { start: span.end, ..span };
    match (sources.position(span), sources.position(end)) {
        (Some(at), Some(end)) => json!({
            "file": at.file,
            "line": at.line,
            "column": at.column,
            "end": { "line": end.line, "column": end.column },
        }),
        _ => json!({}),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A SARIF log of one run by the tool `name` in `version`. `describe` gives the sentence for a code.
pub fn sarif(
    diagnostics: &Diagnostics,
    sources: &Sources,
    name: &str,
    version: &str,
    describe: &dyn Fn(&str) -> Option<&'static str>,
) -> String {
    let mut codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| json!({ "id": code, "shortDescription": { "text": describe(code).unwrap_or(code) } }))
        .collect();
    let results: Vec<Value> = diagnostics.iter().map(|diagnostic| result(diagnostic, &codes, sources)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": name, "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(diagnostic: &Diagnostic, codes: &[&str], sources: &Sources) -> Value {
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text = format!("{text}. {help}");
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes.iter().position(|code| *code == diagnostic.code),
        "level": severity(diagnostic.severity),
        "message": { "text": text },
    });
    let locations: Vec<Value> = location(diagnostic.primary.span, "", sources).into_iter().collect();
    let related: Vec<Value> =
        diagnostic.secondary.iter().filter_map(|label| location(label.span, &label.text, sources)).collect();
    result["locations"] = json!(locations);
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    result
}

fn location(span: Span, text: &str, sources: &Sources) -> Option<Value> {
    let span = sources.first_line(span);
    let at = sources.position(span)?;
    let end = sources.position(Span { start: span.end, ..span })?;
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(at.file) },
            "region": {
                "startLine": at.line, "startColumn": at.column, "endLine": end.line, "endColumn": end.column,
            },
        },
    });
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    Some(location)
}

/// A path as a URI reference (RFC 3986): relative as it is, absolute with its scheme.
fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Diagnostics, Sources) {
        let mut sources = Sources::new();
        let file = sources.add("a dir/lb.yaml", "a: é: x\nb: 1\nb: 2\n");
        let mut found = Diagnostics::new();
        let twice = Diagnostic::error("config.duplicate-key", Span::new(file, 14, 15), "twice").help("remove one");
        found.push(twice.also(Span::new(file, 9, 10), "first here"));
        found.push(Diagnostic::warning("config.no-frontend", Span::NONE, "nothing"));
        (found, sources)
    }

    #[test]
    fn json_has_places_and_what_has_none_has_no_file() {
        let (found, sources) = sample();
        let value: Value = serde_json::from_str(&json(&found, &sources)).unwrap();
        assert_eq!((&value["errors"], &value["warnings"]), (&json!(1), &json!(1)));
        let first = &value["diagnostics"][0];
        assert_eq!(first["file"], "a dir/lb.yaml");
        assert_eq!(
            (&first["line"], &first["column"], &first["end"]),
            (&json!(3), &json!(1), &json!({ "line": 3, "column": 2 }))
        );
        assert_eq!(first["related"][0]["line"], 2);
        assert_eq!(first["help"], "remove one");
        assert_eq!(value["diagnostics"][1].get("file"), None);
    }

    #[test]
    fn sarif_names_its_rules_and_encodes_paths() {
        let (found, sources) = sample();
        let value: Value = serde_json::from_str(&sarif(&found, &sources, "lb", "1.2.3", &|_| Some("Said."))).unwrap();
        let run = &value["runs"][0];
        assert_eq!(value["version"], "2.1.0");
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "config.duplicate-key");
        let result = &run["results"][0];
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20dir/lb.yaml");
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "first here");
        assert_eq!(run["results"][1]["locations"], json!([]));
        assert_eq!(uri("/etc/lb.yaml"), "file:///etc/lb.yaml");
    }
}
