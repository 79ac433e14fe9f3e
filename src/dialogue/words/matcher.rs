//! Patterns against tokens, in bounded time.
//!
//! A node at a position gives the set of lengths that it can match there, one bit a length, so
//! there is nothing to go back to: a sequence is a fold over bits. Classes are remembered for each
//! position. Source: the sets of states of Thompson (1968), "Regular expression search algorithm",
//! over words for letters and with lengths for states.

use super::text::Edge;

/// The number of a word in a pack's vocabulary.
pub(super) type WordId = u32;
/// A word that the pack does not know.
pub(super) const UNKNOWN: WordId = WordId::MAX;
/// Lengths that a match may have: bits of a `u64`.
const REACH: usize = u64::BITS as usize - 1;

/// A pattern whose words have numbers.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Word(WordId),
    /// Sorted.
    OneOf(Box<[WordId]>),
    Class(u16),
    Seq(Box<[Node]>),
    Alt(Box<[Node]>),
    Maybe(Box<Node>),
    Gap(u8),
    Any,
    Number,
    Begin(bool),
    End(bool),
}

/// A token as patterns see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub word: WordId,
    pub number: bool,
    pub edge: Edge,
}

/// One turn, while patterns are held against it.
pub(super) struct Scan<'a> {
    seen: &'a [Seen],
    classes: &'a [Node],
    /// For each token the end of its sentence.
    limits: Vec<usize>,
    /// Lengths of each class at each token; all bits set is not known yet.
    known: Vec<u64>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(seen: &'a [Seen], classes: &'a [Node]) -> Self {
        let mut limits = vec![seen.len(); seen.len()];
        for at in (0..seen.len().saturating_sub(1)).rev() {
            let next = &seen[at + 1];
            limits[at] = match next.edge {
                Edge::Sentence => at + 1,
                _ => limits[at + 1],
            };
        }
        Self {
            seen,
            classes,
            limits,
            known: vec![u64::MAX; seen.len() * classes.len()],
        }
    }

    /// The end of the sentence that token `at` stands in.
    pub(super) fn sentence_end(&self, at: usize) -> usize {
        self.limits[at]
    }

    /// The beginning of the sentence that token `at` stands in.
    pub(super) fn sentence_begin(&self, at: usize) -> usize {
        let limit = self.limits[at];
        let before = self.limits[..at].iter().rev();
        at - before.take_while(|other| **other == limit).count()
    }

    /// Tokens of the turn.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether one of `nodes` matches from a token in `from..to`.
    pub(super) fn stands(&mut self, nodes: &[Node], from: usize, to: usize) -> bool {
        (from..to).any(|at| nodes.iter().any(|node| self.longest(node, at).is_some()))
    }

    /// The longest match of `node` that begins at token `at`: its length.
    pub(super) fn longest(&mut self, node: &Node, at: usize) -> Option<usize> {
        let lengths = self.lengths(node, at);
        (lengths > 0).then(|| REACH - lengths.leading_zeros() as usize)
    }

    /// The lengths that `node` matches from token `at`, within the sentence.
    pub(super) fn lengths(&mut self, node: &Node, at: usize) -> u64 {
        match self.limits.get(at) {
            Some(&limit) => self.within(node, at, limit),
            None => self.within(node, at, self.seen.len()),
        }
    }

    /// `at` may be `limit`, where only nodes without a length match.
    fn within(&mut self, node: &Node, at: usize, limit: usize) -> u64 {
        let here = (at < limit).then(|| self.seen[at]);
        let word = |fits: bool| u64::from(fits) << 1;
        match node {
            Node::Word(id) => word(here.is_some_and(|seen| seen.word == *id)),
            Node::OneOf(ids) => {
                word(here.is_some_and(|seen| ids.binary_search(&seen.word).is_ok()))
            }
            Node::Any => word(here.is_some()),
            Node::Number => word(here.is_some_and(|seen| seen.number)),
            Node::Gap(most) => {
                let most = (limit - at.min(limit)).min(usize::from(*most));
                (1 << (most + 1)) - 1
            }
            Node::Begin(turn) => u64::from(match here {
                Some(seen) if !turn => seen.edge > Edge::None,
                _ => at == 0,
            }),
            Node::End(turn) => u64::from(match self.seen.get(at) {
                Some(seen) if !turn => seen.edge > Edge::None || at == limit,
                Some(_) => false,
                None => true,
            }),
            Node::Maybe(inner) => self.within(inner, at, limit) | 1,
            Node::Alt(all) => all
                .iter()
                .fold(0, |lengths, one| lengths | self.within(one, at, limit)),
            Node::Seq(all) => {
                let mut reached = 1_u64;
                for one in all {
                    let mut next = 0;
                    while reached > 0 {
                        let length = reached.trailing_zeros();
                        reached &= reached - 1;
                        next |= self.within(one, at + length as usize, limit) << length;
                    }
                    if next == 0 {
                        return 0;
                    }
                    reached = next;
                }
                reached
            }
            Node::Class(class) => {
                if here.is_none() {
                    return 0;
                }
                let slot = at * self.classes.len() + usize::from(*class);
                if self.known[slot] == u64::MAX {
                    let classes = self.classes;
                    self.known[slot] = self.within(&classes[usize::from(*class)], at, limit);
                }
                self.known[slot]
            }
        }
    }
}

/// Adds to `first` the words that a match of `node` can begin with, and says whether they are all.
pub(super) fn first_words(
    node: &Node,
    classes: &[(Vec<WordId>, Begins)],
    first: &mut Vec<WordId>,
) -> Begins {
    match node {
        Node::Word(id) => {
            first.push(*id);
            Begins::Word
        }
        Node::OneOf(ids) => {
            first.extend(ids.iter());
            Begins::Word
        }
        Node::Class(class) => {
            let (words, begins) = &classes[usize::from(*class)];
            first.extend(words);
            *begins
        }
        Node::Any | Node::Number => Begins::Anything,
        Node::Gap(_) => Begins::Anything,
        Node::Begin(_) | Node::End(_) => Begins::Nothing,
        Node::Maybe(inner) => match first_words(inner, classes, first) {
            Begins::Anything => Begins::Anything,
            _ => Begins::Nothing,
        },
        Node::Alt(all) => {
            let begins = all.iter().map(|one| first_words(one, classes, first));
            // `max` would stop early; every alternative must add its words.
            begins.fold(Begins::Word, |most, one| most.max(one))
        }
        Node::Seq(all) => {
            for one in all {
                let begins = first_words(one, classes, first);
                if begins != Begins::Nothing {
                    return begins;
                }
            }
            Begins::Nothing
        }
    }
}

/// Whether `node` can match without a word. A class never does.
pub(super) fn may_be_empty(node: &Node) -> bool {
    match node {
        Node::Word(_) | Node::OneOf(_) | Node::Class(_) | Node::Any | Node::Number => false,
        Node::Gap(_) | Node::Begin(_) | Node::End(_) | Node::Maybe(_) => true,
        Node::Alt(all) => all.iter().any(may_be_empty),
        Node::Seq(all) => all.iter().all(may_be_empty),
    }
}

/// How a match begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Begins {
    /// With one of the words.
    Word,
    /// With one of the words, or it has no length.
    Nothing,
    /// With any word.
    Anything,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words are letters: `a` is 0. A comma and a full stop are edges.
    fn seen(text: &str) -> Vec<Seen> {
        let mut edge = Edge::Sentence;
        let mut found = Vec::new();
        for letter in text.chars() {
            match letter {
                ',' => edge = Edge::Clause,
                '.' => edge = Edge::Sentence,
                _ => found.push(Seen {
                    word: u32::from(letter) - u32::from('a'),
                    number: false,
                    edge: std::mem::take(&mut edge),
                }),
            }
        }
        found
    }

    fn seq(all: Vec<Node>) -> Node {
        Node::Seq(all.into())
    }

    #[test]
    fn lengths_are_all_that_fit() {
        let text = seen("abcabc");
        let mut scan = Scan::new(&text, &[]);
        let gap = seq(vec![Node::Word(0), Node::Gap(4), Node::Word(2)]);
        assert_eq!(scan.lengths(&gap, 0), 1 << 3 | 1 << 6);
        assert_eq!(scan.longest(&gap, 0), Some(6));
        assert_eq!(scan.longest(&gap, 3), Some(3));
        assert_eq!(scan.longest(&gap, 1), None);
    }

    #[test]
    fn nothing_crosses_a_sentence_but_a_comma_is_crossed() {
        let ab = seq(vec![Node::Word(0), Node::Gap(2), Node::Word(1)]);
        for (text, length) in [
            ("ab", Some(2)),
            ("a,b", Some(2)),
            ("a.b", None),
            ("ac.b", None),
        ] {
            let text = seen(text);
            assert_eq!(Scan::new(&text, &[]).longest(&ab, 0), length);
        }
    }

    #[test]
    fn anchors_hold_at_edges() {
        let text = seen("ab,c.d");
        let mut scan = Scan::new(&text, &[]);
        let clause = seq(vec![Node::Begin(false), Node::Any, Node::End(false)]);
        let all: Vec<bool> = (0..4)
            .map(|at| scan.longest(&clause, at).is_some())
            .collect();
        assert_eq!(all, [false, false, true, true]);
        let turn = seq(vec![Node::Begin(true), Node::Gap(9), Node::End(true)]);
        assert_eq!(scan.longest(&turn, 0), None);
        let text = seen("abc");
        assert_eq!(Scan::new(&text, &[]).longest(&turn, 0), Some(3));
    }

    #[test]
    fn a_class_is_looked_at_once_and_a_long_match_falls_off() {
        let text = seen(&"a".repeat(200));
        let classes = [seq(vec![Node::Gap(16), Node::Word(0)])];
        let mut scan = Scan::new(&text, &classes);
        let many = seq(vec![Node::Class(0); 8]);
        assert_eq!(scan.longest(&many, 0), Some(63));
        assert_eq!(scan.sentence_begin(150), 0);
        assert_eq!(scan.sentence_end(3), 200);
    }
}
