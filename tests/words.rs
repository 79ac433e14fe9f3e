//! What a caller's words say: requests, intents, distress, confusion, the same question again.
//! The phrasings are this file's own; the labelled sets are scored in `EVALUATION.md`. The turns of
//! `tests/words/*.jsonl` are ours too: `fresh_dev` and `fresh_more` were read while rules were
//! written, `fresh_held` was not.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use undertone::dialogue::words::{
    ConfusionKind, DistressKind, Findings, MAX_BYTES, PHRASE_BYTES, PolicyIntent, Words,
};

fn said(text: &str) -> Findings {
    Words::english().classify(text, &[])
}

/// Fails with every text for which `holds` does not.
fn all(texts: &[&str], holds: impl Fn(&Findings) -> bool) {
    let words = Words::english();
    let mut wrong = String::new();
    for text in texts {
        let findings = words.classify(text, &[]);
        if !holds(&findings) {
            let _ = writeln!(wrong, "{text:?}: {findings:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn intent(intent: PolicyIntent) -> impl Fn(&Findings) -> bool {
    move |findings| findings.intents.iter().any(|(found, _)| *found == intent)
}

#[test]
fn anger_at_this_call_is_heard_and_other_peoples_is_not() {
    all(
        &[
            "I'm furious, this is ridiculous!",
            "this is absolutely unacceptable",
            "I am so fed up with this",
            "you are wasting my time",
            "how many times do I have to tell you",
            "for the third time today, my number is four four two",
            "I've told you three times already",
            "are you kidding me",
            "what the hell is going on",
            "you're not listening to me",
            "this is the worst service I have ever had",
            "stop reading that to me",
            "i'm getting really angry now",
            "oh shut up",
            "what is wrong with you people",
        ],
        |findings| findings.anger.is_some(),
    );
    all(
        &[
            "I'm not angry, I just want to know",
            "my husband is furious about the delay",
            "she was really angry with me",
            "sorry for being so angry earlier",
            "it is a joke my son told me",
            "I was fed up but it is fine now",
            "how many times a month can I withdraw",
            "what is the third item on the list",
            "is this the right number",
            "I want to know my balance",
            "can you tell me that again",
            "don't waste your time on that",
            "he thinks it is ridiculous",
        ],
        |findings| findings.anger.is_none(),
    );
}

/// Of turns that were written without anger in mind few may be taken for it; the rules for it never
/// saw `fresh_held`.
#[test]
fn few_of_our_own_turns_are_taken_for_anger() {
    let words = Words::english();
    let held = include_str!("words/fresh_held.jsonl");
    let (mut turns, mut angry) = (0, Vec::new());
    for line in held.lines() {
        let turn: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = turn["text"].as_str().unwrap();
        turns += 1;
        if words.classify(text, &[]).anger.is_some() {
            angry.push(text.to_owned());
        }
    }
    assert!(
        turns > 300 && angry.len() * 50 < turns,
        "{} of {turns}: {angry:#?}",
        angry.len()
    );
}

#[test]
fn a_request_for_a_human_is_heard_in_all_its_forms() {
    all(
        &[
            "Agent!",
            "I'd like to speak with a representative, please.",
            "can i talk to a real person",
            "uh yeah can I uh, you know, talk to a a person",
            "GET ME YOUR SUPERVISOR",
            "put me thru to somebody in billing",
            "could you transfer my call to the fraud department",
            "is there anybody there i could speak to",
            "how do i get hold of a human being",
            "im done with this robot let me speak w someone",
            "why can't I just talk to a person",
            "have one of your managers call me back",
            "custumer service",
            "i wanna tlak to an agnet",
            "connect me with a reprasentative",
            "pleeeease give me a human",
            "I don\u{2019}t want to talk to a bot",
            "i need some human help over here",
            "my card is stolen. I have to speak to an operator",
        ],
        |findings| findings.explicit_request.is_some(),
    );
}

#[test]
fn talk_of_agents_and_people_is_no_request() {
    all(
        &[
            "are you a human",
            "am I speaking to a real person or a machine?",
            "I don't want to talk to an agent",
            "no need to put me through to anybody",
            "please do not transfer me",
            "I already spoke to an agent about it",
            "the representative told me to wait until monday",
            "my manager approved it last week",
            "when can I call customer service",
            "is there an insurance agent close to me",
            "I'd like to schedule an appointment with an advisor",
            "someone else has the same name",
            "can I add a second person to the booking",
            "transfer fifty dollars to my sister",
            "call my brother",
            "I want to talk about my bill",
            "your customer service is terrible",
        ],
        |findings| findings.explicit_request.is_none(),
    );
}

#[test]
fn a_request_is_heard_in_a_partial_transcript() {
    assert_eq!(said("so I would like to").explicit_request, None);
    let partial = said("so I would like to talk to a pers").explicit_request;
    assert_eq!(partial, None);
    let found = said("so I would like to talk to a person").explicit_request;
    assert!(found.is_some());
}

#[test]
fn fraud_is_a_payment_that_was_not_mine_and_not_any_trouble_with_one() {
    all(
        &[
            "there's a withdrawal on there that i never made",
            "I do not recognise two of these payments",
            "somebody got into my account and took money out of it",
            "my purse was snatched, the cards were in it",
            "stolen debit card",
            "I think my card number has been cloned",
            "a loan was opened in my name",
            "i fell for a phishing text",
            "unauthorised charges all over my statement",
        ],
        intent(PolicyIntent::Fraud),
    );
    let fraud = intent(PolicyIntent::Fraud);
    all(
        &[
            "I was charged twice for the same dinner",
            "my payment was declined at the till",
            "I lost my card",
            "why is there a fee on this transfer",
            "I did not get my refund",
            "how do you protect customers against fraud",
            "someone sent me money by mistake",
        ],
        |findings| !fraud(findings),
    );
}

#[test]
fn closing_is_of_an_account_and_wanted() {
    all(
        &[
            "I want to close my savings account",
            "how can i get rid of my profile, delete my account I mean",
            "cancel my membership from next month",
            "i dont need this account, can you remove it",
            "please deactivate my acct",
            "I no longer want to be a customer of yours",
        ],
        intent(PolicyIntent::AccountClosure),
    );
    let closing = intent(PolicyIntent::AccountClosure);
    all(
        &[
            "cancel the order I placed this morning",
            "my account was closed by mistake",
            "why did you close my account",
            "I don't want to close my account",
            "please cancel the check I wrote",
            "take my son off the plan, remove him from my account",
            "unsubscribe me from the newsletter",
            "close the window",
        ],
        |findings| !closing(findings),
    );
}

#[test]
fn hardship_is_money_that_is_not_there_and_not_a_page_that_does_not_work() {
    all(
        &[
            "I just can't afford the rent this month",
            "i lost my job so i cant make the payment",
            "could I have a couple more weeks to pay",
            "we're behind on the mortgage",
            "can you set me up with a payment plan",
        ],
        intent(PolicyIntent::Hardship),
    );
    let hardship = intent(PolicyIntent::Hardship);
    all(
        &[
            "I can't pay on your website, it shows an error",
            "I would like to pay my bill",
            "what is the minimum payment",
            "I can afford it",
        ],
        |findings| !hardship(findings),
    );
    let found = said("I lost my job in March")
        .distress
        .map(|(kind, _)| kind);
    assert_eq!(found, Some(DistressKind::Hardship));
}

#[test]
fn a_legal_threat_is_the_callers_own() {
    all(
        &[
            "you will be hearing from my attorney",
            "I am going to sue",
            "im taking you to small claims court",
            "I'll file a complaint with the CFPB",
            "we are reporting this to the ombudsman",
        ],
        intent(PolicyIntent::Legal),
    );
    let legal = intent(PolicyIntent::Legal);
    all(
        &[
            "consumers should be able to sue a collector",
            "how does the CFPB work",
            "book a tennis court for six",
            "I changed my legal name",
        ],
        |findings| !legal(findings),
    );
}

#[test]
fn self_harm_is_no_figure_of_speech() {
    all(
        &[
            "i dont want to live anymore",
            "I have been thinking about ending my life",
            "everybody would be better off without me",
            "I want to hurt myself",
            "I am suicidal",
        ],
        intent(PolicyIntent::SelfHarm),
    );
    let harm = intent(PolicyIntent::SelfHarm);
    all(
        &[
            "this queue is killing me",
            "I'm dying to know when it comes",
            "my arm hurts",
            "my phone died",
            "I nearly died laughing",
            "that cake is to die for",
            "how do I kill a process",
        ],
        |findings| !harm(findings),
    );
}

#[test]
fn distress_has_a_kind() {
    for (text, kind) in [
        ("my father passed away on sunday", DistressKind::Bereavement),
        ("there was a death in our family", DistressKind::Bereavement),
        ("I was diagnosed with cancer", DistressKind::Illness),
        ("my wife is in the hospital", DistressKind::Emergency),
        ("i got laid off", DistressKind::Hardship),
    ] {
        let found = said(text).distress.map(|(kind, _)| kind);
        assert_eq!(found, Some(kind), "{text}");
    }
    for text in [
        "my battery is dead",
        "I am sick of waiting",
        "my wife wants a card",
    ] {
        assert_eq!(said(text).distress, None, "{text}");
    }
}

#[test]
fn confusion_has_a_kind_and_is_about_what_was_said() {
    for (text, kind) in [
        ("could you say that one more time", ConfusionKind::Repeat),
        ("sorry, what?", ConfusionKind::Repeat),
        ("i didn't catch that", ConfusionKind::Repeat),
        ("please speak more slowly", ConfusionKind::SlowDown),
        ("you're going way too fast for me", ConfusionKind::SlowDown),
        (
            "I don't understand what you mean",
            ConfusionKind::NotUnderstood,
        ),
        ("that makes no sense", ConfusionKind::NotUnderstood),
        ("what do you mean by that", ConfusionKind::Explain),
    ] {
        let found = said(text).confusion.map(|(kind, _)| kind);
        assert_eq!(found, Some(kind), "{text}");
    }
    all(
        &[
            "repeat the last song",
            "can you speak faster",
            "translate that into French",
            "why don't you understand me",
            "now I understand, thanks",
            "set a repeating alarm",
            "my internet is too slow",
        ],
        |findings| findings.confusion.is_none(),
    );
}

#[test]
fn evidence_is_the_callers_own_words() {
    let text = "Hello\u{2026} uh, I\u{2019}D LIKE to  speak to, um, a Représentative now";
    let found = said(text).explicit_request.expect("a request");
    assert!(text.contains(&found.phrase), "{found:?}");
    assert!(
        found.phrase.contains("speak to, um, a Représentative"),
        "{found:?}"
    );
    assert!(found.version >= 1 && !found.rule.is_empty());
    let long = format!("I want to talk to a {} person", "very ".repeat(3));
    let found = said(&long).explicit_request;
    assert!(found.is_none_or(|found| found.phrase.len() <= PHRASE_BYTES));
}

#[test]
fn several_things_are_said_at_once() {
    let findings = said("someone stole my card and I'm going to sue you, get me a manager");
    assert!(findings.explicit_request.is_some(), "{findings:?}");
    let intents: Vec<_> = findings.intents.iter().map(|(intent, _)| *intent).collect();
    assert_eq!(intents, [PolicyIntent::Fraud, PolicyIntent::Legal]);
}

#[test]
fn the_same_question_is_known_in_other_words() {
    let words = Words::english();
    let repeated = |earlier: &str, now: &str| words.classify(now, &[earlier]).repeated_question;
    for (earlier, now) in [
        ("where is my parcel", "when will the package get here"),
        ("how much do I owe you", "what is the amount of my bill"),
        ("how do I get my money back", "when do I see the refund"),
        (
            "what is the cost of express shipping",
            "how expensive is express shipping",
        ),
        ("my pin is locked, what now", "how do I unblock the pin"),
    ] {
        let found = repeated(earlier, now).unwrap_or_else(|| panic!("{earlier} || {now}"));
        assert_eq!(found.phrase, earlier);
    }
    for (earlier, now) in [
        ("where is my parcel", "how do I change my address"),
        ("what is the exchange rate", "what is the interest rate"),
        ("how much is my bill", "when is my bill due on"),
        // An answer that is given twice is no question.
        ("my name is Ann Miller", "Ann Miller"),
        ("yes", "yes"),
        ("", ""),
    ] {
        assert_eq!(repeated(earlier, now), None, "{earlier} || {now}");
    }
}

#[test]
fn the_last_twenty_turns_are_considered() {
    let words = Words::english();
    let question = "where is my parcel";
    let mut history = vec![question];
    history.extend(["okay"; 19]);
    assert!(
        words
            .classify(question, &history)
            .repeated_question
            .is_some()
    );
    history.push("okay");
    assert!(
        words
            .classify(question, &history)
            .repeated_question
            .is_none()
    );
    assert!(words.classify(question, &[]).repeated_question.is_none());
}

#[test]
fn hostile_text_is_bounded_and_invents_nothing() {
    let words = Words::english();
    let million = 1 << 20;
    for text in [
        "\0".repeat(million),
        "a".repeat(million),
        "\u{301}".repeat(million),
        "i ".repeat(million),
        "\u{1f600}\u{200d}".repeat(million / 8),
        "... ".repeat(million),
        "not ".repeat(million),
        "\u{202e}tnega\u{202c}".repeat(1000),
    ] {
        let start: String = text.chars().take(8).collect();
        assert_eq!(
            words.classify(&text, &[&text]),
            Findings::default(),
            "{start:?}"
        );
    }
    // Words that begin many rules, over and over.
    for text in [
        "i want to can you my account is ",
        "talk to speak with get me ",
    ] {
        let _ = words.classify(&text.repeat(million / 8), &[]);
    }
}

#[test]
fn a_long_turn_is_read_at_both_ends() {
    let filler = "and then this and that happened, ".repeat(MAX_BYTES / 16);
    for text in [
        format!("I want to speak to a manager. {filler}"),
        format!("{filler} I want to speak to a manager"),
    ] {
        assert!(said(&text).explicit_request.is_some());
    }
}

#[test]
fn marks_and_zero_width_letters_hide_nothing() {
    for text in [
        "a\u{200b}gent",
        "a\u{301}gent",
        "AGENT\0",
        "ａｇｅｎｔ",
        "\u{feff}agent\r\n",
    ] {
        assert!(said(text).explicit_request.is_some(), "{text:?}");
    }
}

const SMALL: &str = r#"
language = "xx"
version = 7
suffixes = ["o"]
[class]
who = ["homo", "iu"]
[[rule]]
name = "peto"
version = 3
label = "explicit_request"
match = ["parol~ kun @who"]
not_before = ["ne"]
"#;

#[test]
fn another_pack_brings_another_language() {
    let words = Words::parse("xx.toml", SMALL).expect("a small pack");
    assert_eq!((words.language(), words.version()), ("xx", 7));
    let found = words
        .classify("mi volas parolo kun homo", &[])
        .explicit_request;
    let found = found.expect("a request");
    assert_eq!((found.rule.as_str(), found.version), ("peto", 3));
    assert_eq!(found.phrase, "parolo kun homo");
    assert_eq!(words.classify("ne parol kun iu", &[]), Findings::default());
    assert_eq!(words.classify("talk to a human", &[]), Findings::default());
}

#[test]
fn a_pack_that_cannot_be_used_names_key_value_and_mend() {
    let with = |from: &str, to: &str| {
        let pack = SMALL.replace(from, to);
        assert_ne!(pack, SMALL, "{from}");
        Words::parse("my.toml", &pack).err().expect(to).to_string()
    };
    for (from, to, parts) in [
        (
            "@who\"",
            "@whom\"",
            &["rule.peto.match", "@whom", "no [class]"][..],
        ),
        (
            "\"homo\"",
            "\"homo?\"",
            &["class.who", "homo?", "without a word"],
        ),
        ("\"iu\"", "\"@who\"", &["class.who", "circle"]),
        (
            "parol~ kun",
            "(parol~ kun",
            &["rule.peto.match", "not closed"],
        ),
        (
            "explicit_request",
            "request",
            &["rule.peto.label", "request", "give one of"],
        ),
        ("version = 7", "version = -7", &["version"]),
        ("not_before", "not_befor", &["not_befor"]),
    ] {
        let error = with(from, to);
        for part in ["my.toml"].iter().chain(parts) {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
    }
    let twice = format!("{SMALL}{}", &SMALL[SMALL.find("[[rule]]").unwrap_or(0)..]);
    let error = Words::parse("my.toml", &twice)
        .err()
        .expect("twice")
        .to_string();
    assert!(error.contains("peto") && error.contains("name"), "{error}");
    let large = format!("# {}\n{SMALL}", "x".repeat(1 << 20));
    assert!(Words::parse("my.toml", &large).is_err());
}

#[test]
fn every_context_of_a_rule_holds() {
    let pack = r#"
language = "xx"
version = 1
[[rule]]
name = "r"
version = 1
label = "legal"
match = ["b c?"]
not_before = ["n <1>"]
not_after = ["a"]
not_within = ["s"]
not_anywhere = ["t"]
with = ["w"]
"#;
    let words = Words::parse("xx.toml", pack).expect("a small pack");
    for (text, fires) in [
        ("w b", true),
        ("b w", true),
        ("b. w", true),
        ("b", false),
        ("n b w", false),
        ("n x b w", false),
        ("n x y b w", true),
        ("n. b w", true),
        ("b a w", false),
        // The longest match counts, and what follows it.
        ("b c a w", false),
        ("b. a w", true),
        ("s w b", false),
        ("s. w b", true),
        ("t. w b", false),
        // Another place in the same turn may still fire.
        ("b a. b w", true),
    ] {
        assert_eq!(
            !words.classify(text, &[]).intents.is_empty(),
            fires,
            "{text}"
        );
    }
}

#[test]
fn the_longest_rewrite_fits_first() {
    let pack = r#"
language = "xx"
version = 1
fillers = ["you know"]
[rewrite]
"a" = "y"
"a b" = "x"
"do you know" = "do you know"
[[rule]]
name = "r"
version = 1
label = "fraud"
match = ["x", "do you know z"]
"#;
    let words = Words::parse("xx.toml", pack).expect("a small pack");
    let fires = |text: &str| !words.classify(text, &[]).intents.is_empty();
    assert!(fires("a b") && fires("do you know, you know, z"));
    assert!(!fires("a"));
}

/// A turn with its labels. A label that is not there is open.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    #[serde(default)]
    history: Vec<String>,
    labels: BTreeMap<String, bool>,
}

fn fires(findings: &Findings, label: &str) -> bool {
    match label {
        "explicit_request" => findings.explicit_request.is_some(),
        "distress" => findings.distress.is_some(),
        "confusion" => findings.confusion.is_some(),
        "repeated_question" => findings.repeated_question.is_some(),
        intent => findings.intents.iter().any(|(it, _)| it.name() == intent),
    }
}

/// Fails where what is found in `rows` has less recall or precision than `floors` have, in percent.
fn holds(rows: &str, floors: &[(&str, u32, u32)]) {
    let words = Words::english();
    // For each label: right, missed, false alarms.
    let mut counts: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    for row in rows.lines() {
        let row: Labelled = serde_json::from_str(row).expect("a labelled turn");
        let history: Vec<&str> = row.history.iter().map(String::as_str).collect();
        let findings = words.classify(&row.text, &history);
        for (label, is) in row.labels {
            let found = fires(&findings, &label);
            let [right, missed, alarms] = counts.entry(label).or_default();
            *right += u32::from(is && found);
            *missed += u32::from(is && !found);
            *alarms += u32::from(!is && found);
        }
    }
    let mut below = String::new();
    for (label, recall, precision) in floors {
        let [right, missed, alarms] = counts[*label];
        let percent = |of: u32| 100 * right / of.max(1);
        let got = (percent(right + missed), percent(right + alarms));
        if got.0 < *recall || got.1 < *precision {
            let _ = writeln!(below, "{label}: recall {}, precision {}", got.0, got.1);
        }
    }
    assert!(below.is_empty(), "{below}");
}

#[test]
fn fresh_turns_that_were_read_are_found() {
    holds(
        include_str!("words/fresh_dev.jsonl"),
        &[
            ("explicit_request", 98, 98),
            ("fraud", 95, 95),
            ("account_closure", 95, 95),
            ("hardship", 95, 95),
            ("legal", 92, 95),
            ("self_harm", 95, 95),
            ("distress", 95, 95),
            ("confusion", 95, 95),
            ("repeated_question", 92, 92),
        ],
    );
    holds(
        include_str!("words/fresh_more.jsonl"),
        &[
            ("explicit_request", 94, 97),
            ("fraud", 95, 95),
            ("account_closure", 95, 95),
            ("hardship", 95, 95),
            ("legal", 95, 95),
            ("self_harm", 95, 95),
            ("distress", 95, 95),
            ("confusion", 95, 92),
            ("repeated_question", 66, 66),
        ],
    );
}

#[test]
fn fresh_turns_that_were_not_read_are_found() {
    holds(
        include_str!("words/fresh_held.jsonl"),
        &[
            ("explicit_request", 90, 88),
            ("fraud", 92, 88),
            ("account_closure", 82, 95),
            ("hardship", 82, 80),
            ("legal", 82, 90),
            ("self_harm", 95, 92),
            ("distress", 86, 90),
            ("confusion", 90, 80),
            ("repeated_question", 90, 75),
        ],
    );
}
