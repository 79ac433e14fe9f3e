//! The screen pop: one page that is read in five seconds, before the call connects.

use super::Live;
use super::assets::{SCRIPT, STYLE};
use super::field::{Completeness, Field};
use super::fields::{Consulted, Listed, Said, Tried, Wants, Who, Written};
use super::steps::{Steps, TransferView};
use super::text::{Clipped, clock, room};
use super::why::{Mood, Sure, Why};
use super::words;
use crate::handoff::{HandoffPayload, SentimentTrajectory, SuggestedBy};
use askama::Template;

/// Where a page has its style from.
pub enum Look {
    /// From the server; with a script.
    Linked { style: String, script: String },
    /// From itself, under a policy that allows just this sheet.
    Inline { css: &'static str, policy: String },
}

impl Look {
    pub fn linked() -> Self {
        Self::Linked {
            style: STYLE.path(),
            script: SCRIPT.path(),
        }
    }

    pub fn inline() -> Self {
        Self::Inline {
            css: STYLE.body,
            policy: format!(
                "default-src 'none'; style-src '{}'; img-src data:",
                STYLE.csp_hash()
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "screen/pop.html")]
struct Page<'a> {
    look: Look,
    live: Live<'a>,
    pop: Pop,
}

#[derive(Template)]
#[template(path = "screen/pop_body.html")]
struct Fragment<'a> {
    live: Live<'a>,
    pop: Pop,
}

/// Everything the template shows.
struct Pop {
    title: String,
    channel: &'static str,
    call: Option<Clipped>,
    at: String,
    steps: Option<Steps>,
    headline: Clipped,
    why_chip: Option<&'static str>,
    known: Completeness,
    fields: Fields,
    who: Option<Who>,
    wants: Option<Wants>,
    said: Option<Said>,
    sources: Option<Listed<Consulted>>,
    tried: Option<Listed<Tried>>,
    written: Option<Listed<Written>>,
    sure: Option<Sure>,
    why: Option<Why>,
    mood: Option<Mood>,
    next: Option<(Clipped, &'static str)>,
    tone: Option<Clipped>,
    dropped: u32,
}

/// The ten fields by name.
struct Fields {
    identity: Field,
    intent: Field,
    transcript: Field,
    sources: Field,
    actions: Field,
    writes: Field,
    confidence: Field,
    reason: Field,
    trajectory: Field,
    next: Field,
}

impl Pop {
    fn new(payload: &HandoffPayload, transfer: Option<&TransferView>) -> Self {
        let all = Field::all(payload);
        let known = Completeness::of(&all);
        let [
            identity,
            intent,
            transcript,
            sources,
            actions,
            writes,
            confidence,
            reason,
            trajectory,
            next,
        ] = all;
        let headline = headline(payload);
        let why = payload.escalation_reason.as_ref();
        let tone = payload.digest.tone.trim();
        Self {
            title: format!("{} – Undertone", Clipped::new(&headline, room::LINE).head),
            channel: words::channel(payload.channel),
            call: payload
                .call_id
                .as_deref()
                .map(|id| Clipped::new(id, room::LABEL)),
            at: clock(payload.at_s),
            steps: transfer.map(Steps::new),
            headline: Clipped::new(&headline, room::HEADLINE),
            why_chip: why.map(|why| words::trigger(why.trigger)),
            known,
            who: payload.identity.as_ref().map(Who::new),
            wants: payload.intent.as_ref().map(Wants::new),
            said: listed(&payload.transcript).map(Said::new),
            sources: listed(&payload.sources).map(Consulted::list),
            tried: listed(&payload.actions).map(Tried::list),
            written: listed(&payload.committed_writes).map(Written::list),
            sure: payload.confidence.as_ref().map(Sure::new),
            why: why.map(Why::new),
            mood: trajectory_of(payload).map(|t| Mood::new(t, why)),
            next: payload.suggested_next_action.as_ref().map(|next| {
                let from = match next.from {
                    SuggestedBy::Agent => "Suggested by the voice agent",
                    SuggestedBy::Policy => "Suggested by policy for this reason",
                };
                (Clipped::new(&next.text, room::HEADLINE), from)
            }),
            tone: (!tone.is_empty()).then(|| Clipped::new(tone, room::SENTENCE)),
            dropped: payload.dropped,
            fields: Fields {
                identity,
                intent,
                transcript,
                sources,
                actions,
                writes,
                confidence,
                reason,
                trajectory,
                next,
            },
        }
    }
}

/// The trajectory, where there is one to draw.
fn trajectory_of(payload: &HandoffPayload) -> Option<&SentimentTrajectory> {
    let trajectory = payload.sentiment_trajectory.as_ref();
    trajectory.filter(|t| !t.points.is_empty())
}

/// The list, where something is in it.
fn listed<T>(list: &Option<Vec<T>>) -> Option<&[T]> {
    list.as_deref().filter(|list| !list.is_empty())
}

/// Who, what and why in one line, where the payload has no headline of its own.
fn headline(payload: &HandoffPayload) -> String {
    let own = payload.digest.headline.trim();
    if !own.is_empty() {
        return own.to_owned();
    }
    let who = payload.identity.as_ref().and_then(|who| who.name.clone());
    let mut parts = vec![who.unwrap_or_else(|| "Unknown caller".to_owned())];
    parts.extend(payload.intent.as_ref().map(|i| Wants::new(i).summary.head));
    let why = payload.escalation_reason.as_ref();
    parts.extend(why.map(|why| words::trigger(why.trigger).to_lowercase()));
    parts.join(" · ")
}

/// The whole page, as a server gives it.
pub fn pop(payload: &HandoffPayload, transfer: Option<&TransferView>, live: Live<'_>) -> String {
    rendered(&Page {
        look: Look::linked(),
        live,
        pop: Pop::new(payload, transfer),
    })
}

/// What replaces the parts of the page that changed.
pub fn pop_fragment(payload: &HandoffPayload, transfer: Option<&TransferView>) -> String {
    rendered(&Fragment {
        live: Live::default(),
        pop: Pop::new(payload, transfer),
    })
}

/// The whole page as one file: nothing is asked from anywhere, no script runs.
pub fn pop_standalone(payload: &HandoffPayload) -> String {
    rendered(&Page {
        look: Look::inline(),
        live: Live::default(),
        pop: Pop::new(payload, None),
    })
}

/// The template as text.
pub fn rendered(template: &impl Template) -> String {
    // Writing to a string fails only where a `Display` of a value fails; none here does.
    template.render().unwrap_or_default()
}
