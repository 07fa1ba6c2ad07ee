//! Enough of JSON schema (draft 2020-12) for the schemas of this crate. Stricter than a client's validator: fields
//! that no `properties` name are problems, and so is a keyword that is not understood.

use serde_json::Value;

/// What is wrong with a value, each with its path; nothing if it holds to the schema.
pub(crate) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let object = schema.as_object().expect("a schema is an object");
    for (keyword, argument) in object {
        let list = || argument.as_array().expect("a list");
        let problem = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => None,
            // Further down.
            "$ref" | "oneOf" | "properties" | "additionalProperties" | "items" => continue,
            "type" => {
                let allowed =
                    argument.as_array().map_or_else(|| vec![argument], |list| list.iter().collect());
                let fits =
                    allowed.iter().any(|name| is_of_type(value, name.as_str().expect("a type's name")));
                (!fits).then(|| format!("{value} is not of type {argument}"))
            }
            "const" => (argument != value).then(|| format!("{value} is not {argument}")),
            "enum" => (!list().contains(value)).then(|| format!("{value} is not one of {argument}")),
            "minimum" => (value.as_f64() < argument.as_f64()).then(|| format!("{value} is below {argument}")),
            "maximum" => (value.as_f64() > argument.as_f64()).then(|| format!("{value} is above {argument}")),
            "minItems" => {
                let items = value.as_array().map(|items| items.len() as u64);
                (items < argument.as_u64()).then(|| format!("fewer than {argument} items"))
            }
            "required" => {
                let missing = list().iter().find(|key| value.get(key.as_str().expect("a key")).is_none());
                missing.map(|key| format!("{key} is missing"))
            }
            other => panic!("the validator does not know the keyword {other}"),
        };
        found.extend(problem.map(|problem| format!("{path}: {problem}")));
    }
    if let Some(name) = object.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.trim_start_matches('#')).expect("a definition");
        check(root, target, value, path, found);
    }
    if let Some(choices) = object.get("oneOf").and_then(Value::as_array) {
        let tried: Vec<Vec<String>> = choices
            .iter()
            .map(|choice| {
                let mut inner = Vec::new();
                check(root, choice, value, path, &mut inner);
                inner
            })
            .collect();
        if tried.iter().filter(|inner| inner.is_empty()).count() != 1 {
            found.push(format!("{path}: not exactly one of the choices fits: {tried:?}"));
        }
    }
    if let (Some(items), Some(list)) = (object.get("items"), value.as_array()) {
        for (index, item) in list.iter().enumerate() {
            check(root, items, item, &format!("{path}/{index}"), found);
        }
    }
    let (properties, others) = (object.get("properties"), object.get("additionalProperties"));
    if let (true, Some(fields)) = (properties.is_some() || others.is_some(), value.as_object()) {
        for (key, field) in fields {
            let path = format!("{path}/{key}");
            match properties.and_then(|known| known.get(key)).or(others) {
                Some(schema) => check(root, schema, field, &path, found),
                None => found.push(format!("{path}: the schema does not describe it")),
            }
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}
