//! Messages of the dialogue as they come in: one or a list, checked as a whole before any acts.

use super::App;
use super::body::{json_bytes, read, read_value};
use super::problem::{Problem, Responses, described};
use crate::dialogue::{DialogueEvent, DialogueMessage};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::Json;
use axum::extract::{FromRequest, Request};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The most messages of one request.
pub const MOST: usize = 100;

/// The types of a message.
const TYPES: &str = "turn, self_evaluation, intent, intent_settled, failed_turn, source, action, \
                     write, identity, next_action, reports";

/// Messages that were checked.
pub struct Messages(pub Vec<DialogueMessage>);

impl Messages {
    /// Reads a message, or a list of them.
    ///
    /// # Errors
    /// 400 or 422 with the first that cannot be taken; then none is.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let list = match read(bytes)? {
            Value::Array(list) => list,
            one => return Ok(Self(vec![message(one)?])),
        };
        if list.is_empty() || list.len() > MOST {
            let mend = format!("send 1 to {MOST} messages");
            let found = format!("a list of {}", list.len());
            return Err(Problem::refused("too many messages, or none")
                .at("body", found)
                .mend(mend));
        }
        let placed = |(place, value)| {
            message(value).map_err(|mut problem| {
                let key = problem.key.take().unwrap_or_default();
                problem.key = Some(format!("[{place}].{key}").into());
                problem
            })
        };
        let messages = list.into_iter().enumerate().map(placed);
        messages.collect::<Result<_, _>>().map(Self)
    }
}

/// Reads one message. Each type by itself: so the key that is wrong can be named.
fn message(value: Value) -> Result<DialogueMessage, Problem> {
    let mut fields: Map<String, Value> = read_value(value)?;
    let mut take = |key: &str| fields.remove(key).filter(|value| !value.is_null());
    let (id, at_s, kind) = (take("id"), take("at_s"), take("type"));
    let own = |key: &'static str| {
        move |mut problem: Problem| {
            problem.key = Some(key.into());
            problem
        }
    };
    let id = id.map(read_value).transpose().map_err(own("id"))?;
    let at_s = at_s.map(read_value).transpose().map_err(own("at_s"))?;
    let fields = Value::Object(fields);
    let kind = kind.unwrap_or_default();
    let event = match kind.as_str().unwrap_or_default() {
        "turn" => DialogueEvent::Turn(read_value(fields)?),
        "self_evaluation" => DialogueEvent::SelfEvaluation(read_value(fields)?),
        "intent" => DialogueEvent::Intent(read_value(fields)?),
        "intent_settled" => DialogueEvent::IntentSettled(read_value(fields)?),
        "failed_turn" => DialogueEvent::FailedTurn(read_value(fields)?),
        "source" => DialogueEvent::Source(read_value(fields)?),
        "action" => DialogueEvent::Action(read_value(fields)?),
        "write" => DialogueEvent::Write(read_value(fields)?),
        "identity" => DialogueEvent::Identity(read_value(fields)?),
        "next_action" => DialogueEvent::NextAction(read_value(fields)?),
        "reports" => DialogueEvent::Reports(read_value(fields)?),
        _ => {
            let shown = match &kind {
                Value::Null => "missing".to_owned(),
                kind => kind.to_string(),
            };
            let detail = "the message has no type that is known";
            let mend = format!("give one of {TYPES}");
            return Err(Problem::refused(detail).at("type", shown).mend(mend));
        }
    };
    let message = DialogueMessage { id, at_s, event };
    message.check().map_err(|error| {
        let detail = error.to_string();
        Problem::refused(detail)
            .at(error.key, error.value)
            .mend(error.mend)
    })?;
    Ok(message)
}

impl FromRequest<App> for Messages {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Self::parse(&json_bytes(request, app).await?)
    }
}

/// One message or a list, for the description of the API alone.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum OneOrMany {
    /// One message.
    One(Message),
    /// Up to a hundred; either all are taken or none.
    Many(#[schemars(length(min = 1, max = 100))] Vec<Message>),
}

/// A message with every key of each type in one place, so that the description can say that there
/// are no others.
struct Message;

impl JsonSchema for Message {
    fn schema_name() -> Cow<'static, str> {
        "DialogueMessage".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut whole = DialogueMessage::json_schema(generator).to_value();
        let every = whole["properties"].take();
        let mut types = whole["oneOf"].take();
        for kind in types.as_array_mut().into_iter().flatten() {
            kind["additionalProperties"] = Value::Bool(false);
            for (key, schema) in every.as_object().into_iter().flatten() {
                kind["properties"][key] = schema.clone();
            }
        }
        json_schema!({"description": whole["description"], "oneOf": types})
    }
}

impl OperationInput for Messages {
    fn operation_input(context: &mut GenContext, operation: &mut Operation) {
        Json::<OneOrMany>::operation_input(context, operation);
    }

    fn inferred_early_responses(context: &mut GenContext, operation: &mut Operation) -> Responses {
        described(context, operation, &[400, 413, 415, 422])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn refused(body: &str) -> Problem {
        Messages::parse(body.as_bytes()).err().unwrap()
    }

    #[test]
    fn one_message_or_a_list_is_taken_whole() {
        let turn = r#"{"type":"turn","speaker":"caller","text":"hello"}"#;
        assert_eq!(Messages::parse(turn.as_bytes()).unwrap().0.len(), 1);
        let two = format!("[{turn},{turn}]");
        assert_eq!(Messages::parse(two.as_bytes()).unwrap().0.len(), 2);
        let one_bad = format!(r#"[{turn},{{"type":"turn","speaker":"caller"}}]"#);
        let problem = refused(&one_bad);
        assert_eq!(problem.key.as_deref(), Some("[1].text"));
        assert_eq!(refused("[]").status, 422);
        let many = format!("[{}]", vec![turn; MOST + 1].join(","));
        assert_eq!(refused(&many).status, 422);
    }

    #[test]
    fn what_is_wrong_is_named_inside_the_message() {
        for (body, key) in [
            (r#"{"type":"turn","speaker":"robot","text":"x"}"#, "speaker"),
            (
                r#"{"type":"turn","speaker":"caller","text":"x","mood":1}"#,
                "mood",
            ),
            (r#"{"type":"self_evaluation","score":"low"}"#, "score"),
            (r#"{"type":"song"}"#, "type"),
            (r#"{"text":"x"}"#, "type"),
            (r#"{"id":7,"type":"intent_settled"}"#, "id"),
            (r#"{"at_s":"soon","type":"intent_settled"}"#, "at_s"),
            (r#"{"at_s":-1,"type":"intent_settled"}"#, "at_s"),
            (r#"7"#, "body"),
        ] {
            let problem = refused(body);
            assert_eq!(problem.status, 422, "{body}");
            assert_eq!(problem.key.as_deref(), Some(key), "{body}: {problem:?}");
            assert!(problem.mend.is_some(), "{body}");
        }
    }

    /// Both ways of reading must know the same types.
    #[test]
    fn every_type_of_the_contract_is_read() {
        let schema = schemars::schema_for!(DialogueMessage).to_value();
        let kinds = schema["oneOf"].as_array().expect("one of several types");
        let kind = |kind: &serde_json::Value| kind["properties"]["type"]["const"].clone();
        let kinds: BTreeSet<String> = kinds.iter().map(|it| kind(it).to_string()).collect();
        let known = TYPES.split(", ").map(|it| format!("{it:?}")).collect();
        assert_eq!(kinds, known);
    }
}
