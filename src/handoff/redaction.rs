//! What nobody may read later: card numbers, codes and secrets, out of everything that was told.
//!
//! Rules, not guesses: a number goes when its check digits say what it is, a secret when the words
//! before it say so. So a card number that is spread over two turns stays, and so does a password
//! that nobody called one.

mod accounts;
mod keys;
mod numbers;
mod secrets;

use crate::dialogue::{DialogueEvent, DialogueMessage};
use serde::{Deserialize, Serialize};

/// What is taken out. All of it, unless the configuration says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redaction {
    /// Card numbers by their check digit (Luhn) and issuer, written or spoken. The last four digits
    /// stay: `[card ending 4242]`.
    pub cards: bool,
    /// Three or four digits after `CVV`, `CVC`, `security code`: `[card code]`.
    pub card_codes: bool,
    /// Bank accounts by their check digits (mod 97): `[IBAN]`.
    pub ibans: bool,
    /// US social security numbers: `[SSN]`.
    pub ssns: bool,
    /// Passwords, PINs and one-time codes after their words: `[secret]`.
    pub secrets: bool,
    /// API keys and bearer tokens: `[key]`.
    pub keys: bool,
}

impl Default for Redaction {
    fn default() -> Self {
        Self {
            cards: true,
            card_codes: true,
            ibans: true,
            ssns: true,
            secrets: true,
            keys: true,
        }
    }
}

/// A stretch of the text, and what stands there instead.
struct Span {
    from: usize,
    to: usize,
    instead: String,
}

impl Redaction {
    /// Takes out of `message` what nobody may read later. Names of messages, intents and actions
    /// are left alone.
    pub fn apply(&self, message: &mut DialogueMessage) {
        match &mut message.event {
            DialogueEvent::Turn(turn) => self.replace(&mut turn.text),
            DialogueEvent::Intent(intent) => self.each([&mut intent.summary]),
            DialogueEvent::FailedTurn(failed) => self.each([&mut failed.why]),
            DialogueEvent::Source(source) => {
                self.replace(&mut source.title);
                self.each([&mut source.uri, &mut source.excerpt]);
            }
            DialogueEvent::Action(action) => {
                self.each([&mut action.result]);
                for (name, value) in &mut action.arguments {
                    if self.secrets && secrets::is_name(name) {
                        *value = secrets::SECRET.to_owned();
                    } else {
                        self.replace(value);
                    }
                }
            }
            DialogueEvent::Write(write) => {
                self.replace(&mut write.what);
                self.each([&mut write.reference]);
            }
            DialogueEvent::Identity(identity) => self.each([
                &mut identity.name,
                &mut identity.customer_id,
                &mut identity.method,
            ]),
            DialogueEvent::NextAction(next) => self.replace(&mut next.text),
            DialogueEvent::SelfEvaluation(_)
            | DialogueEvent::IntentSettled(_)
            | DialogueEvent::Reports(_) => {}
        }
    }

    /// `text` without what nobody may read later.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.replace(&mut text);
        text
    }

    fn each<const N: usize>(&self, texts: [&mut Option<String>; N]) {
        for text in texts.into_iter().flatten() {
            self.replace(text);
        }
    }

    fn replace(&self, text: &mut String) {
        type Find = fn(&str) -> Vec<Span>;
        // What is recognised by itself comes before what is recognised by the words around it.
        let rules: [(bool, Find); 6] = [
            (self.keys, keys::find),
            (self.ibans, accounts::ibans),
            (self.cards, accounts::cards),
            (self.ssns, accounts::ssns),
            (self.card_codes, secrets::card_codes),
            (self.secrets, secrets::find),
        ];
        for (_, find) in rules.into_iter().filter(|(on, _)| *on) {
            for span in find(text).into_iter().rev() {
                text.replace_range(span.from..span.to, &span.instead);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str) -> String {
        let once = Redaction::default().text(text);
        let twice = Redaction::default().text(&once);
        assert_eq!(once, twice, "done twice is done once");
        once
    }

    #[test]
    fn cards_written_or_spoken_keep_their_last_four_digits() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
            "four two four two four two four two four two four two four two four two",
            "forty two forty two, forty two forty two, um, forty two forty two forty two forty two",
            "4242 4242 four two four two 4242",
            "double four double two",
            "4242.4242.4242.4242",
        ] {
            let text = format!("it's {text} okay");
            let expected = match text.contains("double") {
                true => text.clone(),
                false => "it's [card ending 4242] okay".to_owned(),
            };
            assert_eq!(redacted(&text), expected);
        }
        assert_eq!(redacted("3782 822463 10005"), "[card ending 0005]");
        assert_eq!(
            redacted("on 2026-11-25 I used 5555 5555 5555 4444 for $84.50"),
            "on 2026-11-25 I used [card ending 4444] for $84.50"
        );
        let triple = "five triple five five triple five five triple five four triple four";
        assert_eq!(redacted(triple), "[card ending 4444]");
    }

    #[test]
    fn accounts_go_by_their_check_digits() {
        assert_eq!(
            redacted("to DE89 3704 0044 0532 0130 00 please"),
            "to [IBAN] please"
        );
        assert_eq!(redacted("GB82WEST12345698765432."), "[IBAN].");
        assert_eq!(
            redacted("DE88 3704 0044 0532 0130 00"),
            "DE88 3704 0044 0532 0130 00"
        );
        assert_eq!(redacted("ssn 123-45-6789"), "ssn [SSN]");
        assert_eq!(
            redacted("my social security number is 123456789"),
            "my social security number is [SSN]"
        );
        assert_eq!(
            redacted("social is one two three four five six seven eight nine"),
            "social is [SSN]"
        );
        assert_eq!(redacted("not 000-12-3456"), "not 000-12-3456");
    }

    #[test]
    fn secrets_go_by_the_words_before_them() {
        for (text, expected) in [
            ("the cvv is 123", "the cvv is [card code]"),
            ("security code: 4 5 6", "security code: [card code]"),
            ("CVC one two three", "CVC [card code]"),
            ("my password is hunter2", "my password is [secret]"),
            ("password: S3cret!x, ok", "password: [secret], ok"),
            ("my password is hunter two", "my password is [secret]"),
            ("my pin is one two three four", "my pin is [secret]"),
            ("PIN 4821", "PIN [secret]"),
            (
                "the one-time code is 482913",
                "the one-time code is [secret]",
            ),
            (
                "the code you texted me is 48 29 13",
                "the code you texted me is [secret]",
            ),
            ("verification code 482913.", "verification code [secret]."),
            (
                "Authorization: Bearer abcdef0123456789abcdef",
                "Authorization: Bearer [key]",
            ),
            ("use sk_live_4eC39HqLyjWDarjtT1zdp7dc", "use [key]"),
            ("api key is 9f8e7d6c5b4a", "api key is [key]"),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }

    #[test]
    fn what_people_speak_of_in_every_call_stays() {
        for text in [
            "a charge of $84.50 on the 3rd of November 2026",
            "two hundred and forty pounds",
            "call me at +1 (415) 555-0132 or 020 7946 0958",
            "my number is four one five five five five zero one three two",
            "order number 4000 1234 5678 and invoice 2026-000417",
            "order 1234567890123456",
            "account number six one four zero nine",
            "I forgot my password, the password is wrong",
            "my password is not working and my PIN is blocked",
            "I sent a one-time code to the phone ending 4471",
            "the PIN has 4 digits",
            "zip code 94107, area code 415",
            "error code 50012 on the screen",
            "code is 12",
            "between 2:30 and 14:45 on 2026-11-25",
            "a security code of practice",
            "one two three four five",
            "",
            "[card ending 4242] and [secret]",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn each_kind_can_be_switched_off() {
        let text = "4242424242424242, cvv 123, DE89370400440532013000, 123-45-6789, pin 4821, sk_live_4eC39HqLyjWDarjtT1zdp7dc";
        let all = Redaction::default();
        let none = Redaction {
            cards: false,
            card_codes: false,
            ibans: false,
            ssns: false,
            secrets: false,
            keys: false,
        };
        assert_eq!(none.text(text), text);
        assert_eq!(
            all.text(text),
            "[card ending 4242], cvv [card code], [IBAN], [SSN], pin [secret], [key]"
        );
        assert!(
            Redaction {
                cards: false,
                ..all
            }
            .text(text)
            .contains("4242424242424242")
        );
    }

    #[test]
    fn arguments_that_are_secrets_by_name_go_whole() {
        let mut message: DialogueMessage = serde_json::from_str(
            r#"{"type":"action","name":"login","outcome":"failed","arguments":
               {"password":"x","user_pin":"1","card":"4242 4242 4242 4242","amount":"$84.50","shipping":"2"}}"#,
        )
        .unwrap();
        Redaction::default().apply(&mut message);
        let DialogueEvent::Action(action) = message.event else {
            panic!("an action stays one");
        };
        let values: Vec<_> = action
            .arguments
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            values,
            [
                ("amount", "$84.50"),
                ("card", "[card ending 4242]"),
                ("password", "[secret]"),
                ("shipping", "2"),
                ("user_pin", "[secret]"),
            ]
        );
    }
}
