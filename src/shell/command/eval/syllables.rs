//! How many syllables a text has, by the letters: a syllable is a group of vowels.
//!
//! German: two vowels are one nucleus where they write a diphthong or a long vowel, two otherwise.
//! English: a group of vowels is one nucleus; a final silent e, and the e of most -es and -ed, is none.
//! Polish: each vowel is a nucleus, but i before a vowel only softens.
//! Foreign words and numbers are beyond these rules.

/// The languages that are known, by their ISO 639-1 code.
pub const LANGUAGES: [&str; 3] = ["de", "en", "pl"];

/// Syllables in `text`; none where `language` (`de`, or `de-AT`) is not known.
pub fn count(text: &str, language: &str) -> Option<usize> {
    let in_word = match language.split(['-', '_']).next()? {
        "de" => german,
        "en" => english,
        "pl" => polish,
        _ => return None,
    };
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphabetic());
    let letters = words.map(|word| word.chars().collect::<Vec<_>>());
    Some(letters.map(|word| in_word(&word)).sum())
}

const GERMAN_PAIRS: [&str; 13] = [
    "au", "ei", "ai", "eu", "äu", "ie", "aa", "ee", "oo", "ey", "ay", "oi", "ou",
];

fn german(word: &[char]) -> usize {
    let is_vowel = |letter: char| "aeiouyäöüé".contains(letter);
    let (mut count, mut at) = (0, 0);
    while at < word.len() {
        let quiet_u = word[at] == 'u' && at > 0 && word[at - 1] == 'q';
        if is_vowel(word[at]) && !quiet_u {
            count += 1;
            let pair: String = word[at..].iter().take(2).collect();
            at += usize::from(GERMAN_PAIRS.contains(&pair.as_str()));
        }
        at += 1;
    }
    count
}

fn english(word: &[char]) -> usize {
    let is_vowel = |letter: char| "aeiouy".contains(letter);
    let vowel = |at: usize| word.get(at).is_some_and(|&letter| is_vowel(letter));
    // A y before a vowel is a consonant.
    let nucleus = |at: usize| vowel(at) && !(word[at] == 'y' && vowel(at + 1));
    let mut groups = (0..word.len())
        .filter(|&at| nucleus(at) && (at == 0 || !nucleus(at - 1)))
        .count();
    let text: String = word.iter().collect();
    let before = |ending: &str| text.strip_suffix(ending).unwrap_or("").to_owned();
    let silent = if let Some(stem) = text.strip_suffix('e') {
        let syllabic_l = stem.ends_with('l') && !stem[..stem.len() - 1].ends_with(is_vowel);
        !stem.is_empty() && !stem.ends_with(is_vowel) && !syllabic_l
    } else if text.ends_with("es") {
        let hissing = ["s", "x", "z", "c", "g", "ch", "sh"];
        let stem = before("es");
        !stem.ends_with(is_vowel) && !hissing.iter().any(|end| stem.ends_with(end))
    } else if text.ends_with("ed") {
        !before("ed").ends_with(['t', 'd', 'a', 'e', 'i', 'o', 'u'])
    } else {
        false
    };
    if silent && groups > 1 {
        groups -= 1;
    }
    groups
}

fn polish(word: &[char]) -> usize {
    let is_vowel = |letter: &char| "aąeęioóuy".contains(*letter);
    let softens = |at: usize| word[at] == 'i' && word.get(at + 1).is_some_and(is_vowel);
    (0..word.len())
        .filter(|&at| is_vowel(&word[at]) && !softens(at))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(language: &str, words: &[(&str, usize)]) {
        for &(word, syllables) in words {
            assert_eq!(count(word, language), Some(syllables), "{word}");
        }
    }

    #[test]
    fn german_pairs_are_one_nucleus() {
        counted(
            "de-AT",
            &[
                ("Mäuse", 2),
                ("gehen", 2),
                ("neuen", 2),
                ("Quelle", 2),
                ("Theater", 3),
                ("Sie spielen.", 3),
                ("Straße", 2),
                ("zu zweit", 2),
            ],
        );
    }

    #[test]
    fn english_e_is_silent_at_the_end() {
        counted(
            "en",
            &[
                ("are", 1),
                ("the", 1),
                ("table", 2),
                ("wanted", 2),
                ("walked", 1),
                ("houses", 2),
                ("makes", 1),
                ("yellow", 2),
                ("I can't wait any longer", 7),
            ],
        );
    }

    #[test]
    fn polish_i_softens_before_a_vowel() {
        counted(
            "pl",
            &[
                ("wiosna", 2),
                ("niebo", 2),
                ("idę", 2),
                ("w", 0),
                ("historia", 3),
                ("Dzień dobry!", 3),
            ],
        );
    }

    #[test]
    fn every_language_that_is_named_is_known() {
        for language in LANGUAGES {
            assert_eq!(count("a", language), Some(1));
        }
        assert_eq!(count("a", "fr"), None);
    }
}
