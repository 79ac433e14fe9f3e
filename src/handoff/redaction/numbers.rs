//! Words and numbers of a text, written or spoken, and the runs that numbers form.

/// A word or a number.
pub struct Token {
    pub from: usize,
    pub to: usize,
    /// Lower case.
    pub word: String,
    /// What stands before it lets a number go on: blanks, dashes, commas, points, and few of them.
    glued: bool,
    /// A `+` stands before it.
    plus: bool,
    /// An opening bracket stands before it: it is our own mark.
    mark: bool,
}

/// Part of a number: a group of digits or a word for some.
pub struct Atom {
    pub from: usize,
    pub to: usize,
    pub digits: String,
    /// Nothing but glue, and at most a filler, stands between this and the atom before.
    pub follows: bool,
    plus: bool,
}

/// The tokens of `text`.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut letters = text.char_indices().peekable();
    let mut end = 0;
    while let Some((from, letter)) = letters.next() {
        if !letter.is_alphanumeric() {
            continue;
        }
        let mut to = from + letter.len_utf8();
        while let Some((at, next)) =
            letters.next_if(|(_, next)| next.is_alphanumeric() || *next == '\'' || *next == '’')
        {
            to = at + next.len_utf8();
        }
        let before = &text[end..from];
        let glue = |c: char| matches!(c, ' ' | '\t' | '\n' | '-' | '.' | ',' | '\u{a0}' | '–');
        tokens.push(Token {
            from,
            to,
            word: text[from..to].to_lowercase(),
            glued: before.chars().all(glue) && before.len() <= 4,
            plus: before.ends_with('+'),
            mark: before.ends_with('['),
        });
        end = to;
    }
    tokens
}

/// The numbers among `tokens`, in order.
pub fn atoms(tokens: &[Token]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut at = 0;
    // Whether only glue and fillers came since the last atom.
    let (mut glued, mut fillers) = (false, 0);
    while at < tokens.len() {
        let token = &tokens[at];
        if let Some((digits, length)) = number(&tokens[at..]).filter(|_| !token.mark) {
            atoms.push(Atom {
                from: token.from,
                to: tokens[at + length - 1].to,
                digits,
                follows: glued && token.glued,
                plus: token.plus,
            });
            at += length;
            (glued, fillers) = (true, 0);
            continue;
        }
        fillers += 1;
        glued = glued && token.glued && fillers <= 2 && filler(&token.word);
        at += 1;
    }
    atoms
}

/// Stretches of atoms that follow each other; a telephone number with its `+` is left out.
pub fn runs(atoms: &[Atom]) -> Vec<&[Atom]> {
    let runs = atoms.chunk_by(|_, next| next.follows);
    runs.filter(|run| !run[0].plus).collect()
}

/// The number that `tokens` begin with, and of how many tokens it is.
fn number(tokens: &[Token]) -> Option<(String, usize)> {
    let word = tokens.first()?.word.as_str();
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((word.to_owned(), 1));
    }
    let next = tokens.get(1).filter(|next| next.glued);
    let next = next.map(|next| next.word.as_str());
    let times = match word {
        "double" => 2,
        "triple" | "treble" => 3,
        _ => 0,
    };
    if times > 0 {
        let digit = next.and_then(single)?;
        return Some((digit.to_string().repeat(times), 2));
    }
    if let Some(digit) = single(word) {
        return Some((digit.to_string(), 1));
    }
    if let Some(teen) = TEENS.iter().position(|teen| *teen == word) {
        return Some(((teen + 10).to_string(), 1));
    }
    let ten = TENS.iter().position(|ten| *ten == word)? + 2;
    match next.and_then(single).filter(|digit| *digit != '0') {
        Some(digit) => Some((format!("{ten}{digit}"), 2)),
        None => Some((format!("{ten}0"), 1)),
    }
}

const TEENS: [&str; 10] = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

fn single(word: &str) -> Option<char> {
    Some(match word {
        "zero" | "oh" | "o" | "nought" | "0" => '0',
        "one" | "1" => '1',
        "two" | "2" => '2',
        "three" | "3" => '3',
        "four" | "4" => '4',
        "five" | "5" => '5',
        "six" | "6" => '6',
        "seven" | "7" => '7',
        "eight" | "8" => '8',
        "nine" | "niner" | "9" => '9',
        _ => return None,
    })
}

fn filler(word: &str) -> bool {
    matches!(
        word,
        "um" | "uh" | "er" | "erm" | "ah" | "and" | "then" | "dash" | "space"
    )
}
