//! Payloads as JSON, written the way that the vectors write them.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value as Json, json};
use spectrum2::Payload;
use spectrum2::descriptor::{Reflect, Value};

/// The fields of a payload.
pub fn of_payload(payload: &Payload<'_>) -> Json {
    match payload {
        Payload::RawXml(xml) => json!({ "_raw": xml }),
        _ => payload.message().map_or(json!({}), of_message),
    }
}

/// The fields of a message that are present.
pub fn of_message(message: &dyn Reflect) -> Json {
    let mut fields = Map::new();
    message.visit(&mut |field, value| {
        fields.insert(field.name.into(), of_value(value));
    });
    fields.into()
}

fn of_value(value: Value<'_>) -> Json {
    match value {
        Value::String(text) => text.into(),
        Value::Bytes(bytes) => format!("hex:{}", HEXLOWER.encode(bytes)).into(),
        Value::Int32(number) => number.into(),
        Value::Bool(truth) => truth.into(),
        Value::Enum(name) => name.into(),
        Value::Message(message) => of_message(message),
        Value::List(list) => {
            let mut elements = Vec::new();
            list.visit(&mut |element| elements.push(of_value(element)));
            assert_eq!(elements.len(), list.count());
            elements.into()
        }
        Value::Map(map) => map.entries().iter().collect(),
    }
}
