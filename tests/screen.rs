//! The screen pop and the wall: whatever a payload holds, ten fields are there and nothing of it
//! becomes markup. How it looks is tested in a browser, `tests/browser/screen.py`.
#![cfg(feature = "serve")]
#![allow(clippy::disallowed_methods)]

use assert_cmd::Command;
use proptest::prelude::*;
use std::fs;
use undertone::decision::Trigger;
use undertone::dialogue::{Action, Identity, Intent, Outcome, Source, Speaker, Turn, Write};
use undertone::handoff::{
    AgentConfidence, Channel, Confidence, Digest, EscalationReason, FIELDS, Failure, FieldState,
    HandoffPayload, MarkerAt, SentimentTrajectory, Stage, SuggestedAction, SuggestedBy,
    VoiceEvidence,
};
use undertone::shell::screen::{
    CONTENT_SECURITY_POLICY, Live, TransferView, WallCall, asset, assets, pop, pop_fragment,
    pop_standalone, wall, wall_fragment,
};

fn saved(name: &str) -> HandoffPayload {
    let path = format!("tests/browser/payloads/{name}.json");
    let text = fs::read_to_string(&path).expect("the payload is in the repository");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The element of a field, to the end of its section.
fn element<'a>(page: &'a str, field: &str) -> &'a str {
    let at = page.find(&format!("data-field=\"{field}\""));
    let rest = &page[at.unwrap_or_else(|| panic!("{field} is missing"))..];
    &rest[..rest.find("</section>").expect("a section ends")]
}

fn ten_fields(page: &str) {
    for field in FIELDS {
        let mark = format!("data-field=\"{field}\"");
        assert_eq!(page.matches(&mark).count(), 1, "{field}");
    }
}

#[test]
fn a_call_is_told_in_ten_fields() {
    let page = pop_standalone(&saved("dispute"));
    ten_fields(&page);
    for (field, said) in [
        ("identity", "Dana Whitfield"),
        ("identity", "Verified: one-time code"),
        ("intent", "$84.50"),
        ("actions", "no match"),
        ("committed_writes", "Nothing was written."),
        ("confidence", "Agent 0.62"),
        ("confidence", "the floor 0.85"),
        ("escalation_reason", "Began 00:48, decided 00:57"),
        ("escalation_reason", "far above usual"),
        ("sentiment_trajectory", "getting worse"),
        ("suggested_next_action", "Suggested by the voice agent"),
        ("transcript", "I have told you twice now."),
    ] {
        assert!(element(&page, field).contains(said), "{field}: {said}");
    }
    assert!(page.contains("<b>10/10</b>"));
}

#[test]
fn each_state_of_a_field_reads_differently() {
    let mut payload = saved("minimal");
    let mut seen = Vec::new();
    for state in [
        FieldState::NoneReported,
        FieldState::NotApplicable,
        FieldState::Missing,
    ] {
        payload.fields.insert("committed_writes".into(), state);
        let page = pop_standalone(&payload);
        seen.push(element(&page, "committed_writes").to_owned());
    }
    payload.committed_writes = Some(vec![Write {
        what: "Case opened".into(),
        system: None,
        reference: None,
    }]);
    seen.push(element(&pop_standalone(&payload), "committed_writes").to_owned());
    let text = |html: &String| {
        let pieces = html.split('<').filter_map(|p| p.split_once('>'));
        pieces.map(|(_, text)| text).collect::<String>()
    };
    let mut texts: Vec<String> = seen.iter().map(text).collect();
    assert!(texts[0].contains("Nothing was written."), "{}", texts[0]);
    assert!(texts[2].contains("unknown"), "{}", texts[2]);
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 4, "two states read the same: {texts:?}");
}

#[test]
fn completeness_is_the_payloads_own() {
    for name in ["dispute", "chat", "minimal"] {
        let mut payload = saved(name);
        payload.complete();
        let count = |state| payload.fields.values().filter(|s| **s == state).count();
        let of = FIELDS.len() - count(FieldState::NotApplicable);
        let known = of - count(FieldState::Missing);
        let page = pop_standalone(&payload);
        assert!(page.contains(&format!("<b>{known}/{of}</b>")), "{name}");
    }
}

#[test]
fn a_page_needs_nothing_from_outside() {
    let page = pop_standalone(&saved("minimal"));
    for forbidden in [
        "<script", "http://", "https://", "style=", "onload", "<iframe",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let served = pop(&saved("minimal"), None, Live::default());
    assert!(!served.contains("<style") && !served.contains("style="));
    for asset in assets() {
        assert!(served.contains(&asset.path()), "{}", asset.name);
    }
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'; style-src 'self'"));
    assert!(asset("../Cargo.toml").is_none());
}

#[test]
fn a_link_leads_to_the_web_or_nowhere() {
    let mut payload = saved("dispute");
    let source = |uri: &str| Source {
        title: "A page".into(),
        uri: Some(uri.into()),
        excerpt: None,
    };
    payload.sources = Some(vec![source("javascript:alert(1)")]);
    assert!(!element(&pop_standalone(&payload), "sources").contains("href"));
    payload.sources = Some(vec![source("https://example.org/\"onclick=x")]);
    let page = pop_standalone(&payload);
    assert!(element(&page, "sources").contains("https://example.org/&#34;onclick=x"));
}

#[test]
fn the_stages_are_told_in_words() {
    let payload = saved("dispute");
    let mut view = TransferView {
        stage: Stage::Ringing,
        failure: None,
        attempt: 2,
        elapsed_ms: 31_000,
        queue_estimate_s: Some(20.0),
        late: true,
    };
    let page = pop_fragment(&payload, Some(&view));
    assert!(page.contains("Ringing, attempt 2, late, queue about 20 s"));
    assert!(page.contains("data-running"));
    view.stage = Stage::Failed;
    view.failure = Some(Failure::Voicemail);
    let page = pop_fragment(&payload, Some(&view));
    assert!(page.contains("Failed: voicemail answered"));
    assert!(!page.contains("data-running"));
}

#[test]
fn the_worst_call_stands_first() {
    let call = |id: &str, now: Option<f32>, waiting_s: Option<f64>| WallCall {
        id: id.into(),
        href: Some("//elsewhere.example/".into()),
        caller: None,
        channel: Channel::Voice,
        elapsed_s: 60.0,
        points: vec![[0.0, 0.0], [1.0, f64::NAN], [2.0, 0.5]],
        now,
        slope_per_min: None,
        trend: None,
        trigger: None,
        transfer: None,
        waiting_s,
        budget_s: Some(30.0),
    };
    let calls = [
        call("calm", Some(0.4), None),
        call("unread", Some(f32::NAN), None),
        call("angry", Some(-0.9), None),
        call("waits", Some(0.4), Some(12.0)),
        call("late", Some(0.4), Some(31.0)),
    ];
    let page = wall(&calls, Live::default());
    let rows = page.split("data-row=\"").skip(1);
    let order: Vec<&str> = rows.filter_map(|r| r.split('"').next()).collect();
    assert_eq!(order, ["late", "waits", "angry", "calm", "unread"]);
    assert!(page.contains("31 s, over 30 s"));
    assert!(
        !page.contains("elsewhere.example"),
        "leads away from the server"
    );
    assert!(wall_fragment(&[]).contains("No live calls."));
}

#[test]
fn the_command_draws_a_saved_payload() {
    let undertone = || Command::new(env!("CARGO_BIN_EXE_undertone"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pop.html");
    let payload = "tests/browser/payloads/dispute.json";
    let mut written = undertone();
    written.args(["screen", payload, "--out"]).arg(&out);
    written.assert().success();
    let page = fs::read_to_string(out).unwrap();
    assert_eq!(page, pop_standalone(&saved("dispute")));
    let mut piped = undertone();
    piped
        .args(["screen", "-"])
        .write_stdin(fs::read(payload).unwrap());
    let printed = piped.assert().success().get_output().stdout.clone();
    assert_eq!(String::from_utf8(printed).unwrap(), page);
    for (text, reason) in [
        ("{}", "not a handoff payload: missing field `schema`"),
        ("[1", "not a handoff payload"),
    ] {
        let mut refused = undertone();
        refused.args(["screen", "-"]).write_stdin(text);
        let error = refused.assert().code(4).get_output().stderr.clone();
        let error = String::from_utf8(error).unwrap();
        assert!(error.contains(reason), "{error}");
    }
    let minimal = fs::read_to_string("tests/browser/payloads/minimal.json").unwrap();
    let mut other = undertone();
    let minimal = minimal.replace("undertone.handoff/1", "undertone.handoff/9");
    other
        .args(["screen", "-"])
        .write_stdin(minimal)
        .assert()
        .code(4);
    let mut absent = undertone();
    absent.args(["screen", "no-such.json"]).assert().code(3);
}

/// Text as nobody should send it: markup, directions, controls, length.
///
/// Strategies are boxed throughout: unboxed, the tree of all of them overflows a test's stack.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        any::<String>(),
        Just("<script>alert('UNDER')</script>".to_owned()),
        Just("\" onerror=\"UNDER\" x='".to_owned()),
        Just("</style></title></details>&lt;<!--UNDER".to_owned()),
        Just("\u{202e}drow\u{2066}\0\u{1b}".to_owned()),
        (1..400_usize).prop_map(|n| "<i>".repeat(n)),
        Just(String::new()),
    ]
    .boxed()
}

fn maybe() -> BoxedStrategy<Option<String>> {
    prop::option::of(text()).boxed()
}

fn number() -> BoxedStrategy<f64> {
    prop_oneof![
        any::<f64>(),
        -1.0..1.0_f64,
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-0.0)
    ]
    .boxed()
}

fn list<T: std::fmt::Debug + 'static>(
    item: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<Vec<T>>> {
    prop::option::of(prop::collection::vec(item, 0..7).boxed()).boxed()
}

fn option<T: std::fmt::Debug + 'static>(
    item: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    prop::option::of(item.boxed()).boxed()
}

fn told() -> BoxedStrategy<HandoffPayload> {
    let speaker = prop::sample::select(vec![Speaker::Caller, Speaker::Agent, Speaker::Human]);
    let turn = (speaker, text(), prop::option::of(number()), any::<bool>()).prop_map(
        |(speaker, text, start_s, is_final)| Turn {
            speaker,
            text,
            start_s,
            end_s: start_s,
            is_final,
        },
    );
    let source = (text(), maybe(), maybe());
    let source = source.prop_map(|(title, uri, excerpt)| Source {
        title,
        uri,
        excerpt,
    });
    let outcome = prop::sample::select(vec![
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::NoMatch,
        Outcome::Pending,
    ]);
    let arguments = prop::collection::btree_map(text(), text(), 0..3).boxed();
    let action =
        (text(), outcome, maybe(), arguments).prop_map(|(name, outcome, result, arguments)| {
            Action {
                name,
                outcome,
                result,
                arguments,
            }
        });
    let write = (text(), maybe(), maybe()).prop_map(|(what, system, reference)| Write {
        what,
        system,
        reference,
    });
    let identity = (any::<bool>(), maybe(), maybe(), maybe()).prop_map(
        |(verified, name, customer_id, method)| Identity {
            verified,
            name,
            customer_id,
            method,
        },
    );
    let intent = (text(), maybe(), prop::option::of(number()));
    let intent = intent.prop_map(|(name, summary, confidence)| Intent {
        name,
        summary,
        confidence,
    });
    let lists = (list(turn), list(source), list(action), list(write)).boxed();
    let people = (option(identity), option(intent)).boxed();
    let states = prop::sample::select(vec![
        FieldState::Filled,
        FieldState::NoneReported,
        FieldState::NotApplicable,
        FieldState::Missing,
    ]);
    let names = prop::sample::select(FIELDS.to_vec()).prop_map(str::to_owned);
    let fields = prop::collection::btree_map(names, states, 0..10);
    let digest = (text(), text()).prop_map(|(headline, tone)| Digest {
        headline,
        lines: Vec::new(),
        tone,
    });
    (lists, people, fields, digest, maybe(), number())
        .prop_map(
            |(
                (transcript, sources, actions, committed_writes),
                people,
                fields,
                digest,
                call_id,
                at_s,
            )| {
                let mut payload = saved("minimal");
                (payload.identity, payload.intent) = people;
                payload.transcript = transcript;
                payload.sources = sources;
                payload.actions = actions;
                payload.committed_writes = committed_writes;
                payload.fields = fields;
                payload.digest = digest;
                payload.call_id = call_id;
                payload.at_s = at_s;
                payload
            },
        )
        .boxed()
}

fn heard() -> BoxedStrategy<HandoffPayload> {
    let agent = (number(), number(), any::<u32>(), maybe(), text()).prop_map(
        |(score, floor, failed_regroundings, action, name)| AgentConfidence {
            score,
            floor,
            failed_regroundings,
            action,
            dimensions: [(name, score)].into(),
        },
    );
    let confidence = (prop::option::of(number()), option(agent));
    let confidence = confidence.prop_map(|(escalation, agent)| Confidence {
        escalation: escalation.map(|e| e as f32),
        agent,
    });
    let evidence = (text(), text(), number(), number(), number()).prop_map(
        |(feature, unit, baseline, now, sd)| VoiceEvidence {
            feature,
            unit,
            baseline: baseline as f32,
            now: now as f32,
            sd: sd as f32,
        },
    );
    let reason = (
        text(),
        text(),
        maybe(),
        number(),
        number(),
        list(evidence),
        list(text()),
    );
    let reason =
        reason.prop_map(
            |(reason, text, phrase, at_s, onset_s, evidence, also)| EscalationReason {
                trigger: Trigger::PolicyIntent,
                reason,
                at_s,
                onset_s,
                text,
                rule: phrase.clone(),
                phrase,
                rule_version: Some(1),
                intent: None,
                evidence: evidence.unwrap_or_default(),
                also: also.unwrap_or_default(),
            },
        );
    let points = prop::collection::vec([number(), number()], 0..70);
    let markers = list((text(), number()).prop_map(|(kind, at_s)| MarkerAt { kind, at_s }));
    let mood = (points, prop::option::of(number()), maybe(), markers).prop_map(
        |(points, now, trend, markers)| SentimentTrajectory {
            speech_s: 0.0,
            points,
            sparkline: String::new(),
            now: now.map(|n| n as f32),
            slope_per_min: now.map(|n| n as f32),
            trend,
            worst: now.map(|n| n as f32),
            worst_at_s: now,
            markers: markers.unwrap_or_default(),
        },
    );
    let next = text().prop_map(|text| SuggestedAction {
        text,
        from: SuggestedBy::Policy,
    });
    let rest = (option(confidence), option(reason), option(mood)).boxed();
    (told(), rest, option(next))
        .prop_map(|(mut payload, rest, next)| {
            (
                payload.confidence,
                payload.escalation_reason,
                payload.sentiment_trajectory,
            ) = rest;
            payload.suggested_next_action = next;
            payload
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_payload_is_a_page_of_ten_fields(payload in heard(), elapsed_ms in any::<u64>()) {
        let view = TransferView {
            stage: Stage::Ringing,
            failure: None,
            attempt: u32::MAX,
            elapsed_ms,
            queue_estimate_s: Some(payload.at_s),
            late: false,
        };
        let page = pop_fragment(&payload, Some(&view));
        ten_fields(&page);
        prop_assert_eq!(&page, &pop_fragment(&payload, Some(&view)), "not deterministic");
        // Tags come from the template alone.
        for tag in ["<script", "<i>", "<!--", "</style", "</title></details>", "onerror=\""] {
            prop_assert!(!page.contains(tag), "{}", tag);
        }
        for none in ["NaN", "inf\"", "\0", "\u{1b}"] {
            let told = serde_json::to_string(&payload).unwrap_or_default();
            prop_assert!(!page.contains(none) || told.contains(none), "{:?}", none);
        }
        let whole = pop_standalone(&payload);
        prop_assert!(whole.starts_with("<!DOCTYPE html>") && whole.trim_end().ends_with("</html>"));
    }
}
