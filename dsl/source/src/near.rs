//! Names that someone may have meant.

/// The candidate that `name` most likely stands for: the same name in another spelling, one or a few
/// letters away, or made of the same words. None rather than a guess.
#[must_use]
pub fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = squash(name);
    if plain.is_empty() {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let Some(far) = distance(name, &plain, candidate) else { continue };
        let better = match best {
            None => true,
            Some((old, held)) => (far, candidate.len(), candidate) < (old, held.len(), held),
        };
        if better {
            best = Some((far, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How far a candidate is, where it is near at all.
fn distance(name: &str, plain: &str, candidate: &str) -> Option<usize> {
    let other = squash(candidate);
    if other == plain {
        return Some(0);
    }
    let letters = plain.chars().count();
    let most = match letters {
        0..=2 => return None,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    let edits = edits(plain, &other);
    if edits <= most {
        return Some(edits * 10);
    }
    let (mine, theirs) = (words(name), words(candidate));
    if mine.len() > 1 && mine.len() == theirs.len() {
        let mut sorted = (mine.clone(), theirs.clone());
        sorted.0.sort();
        sorted.1.sort();
        if sorted.0 == sorted.1 {
            return Some(15);
        }
    }
    if letters >= 4 && mine.len() < theirs.len() && theirs.windows(mine.len()).any(|w| w == mine) {
        return Some(40 + other.chars().count().saturating_sub(letters));
    }
    if other.chars().count() >= 4
        && theirs.len() < mine.len()
        && mine.windows(theirs.len()).any(|w| w == theirs)
    {
        return Some(60 + letters.saturating_sub(other.chars().count()));
    }
    None
}

fn squash(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a name in camel case, snake case or kebab case, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() {
            before = ' ';
            continue;
        }
        let begins = !before.is_alphanumeric() || (c.is_uppercase() && !before.is_uppercase());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}

/// Letters to insert, drop, replace or swap with their neighbour to get from one to the other.
fn edits(one: &str, two: &str) -> usize {
    let two: Vec<char> = two.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    let mut last = None;
    for (i, a) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in two.iter().enumerate() {
            let at =
                |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut cost =
                (at(&row, j) + usize::from(a != *b)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if j > 0 && last == Some(*b) && two.get(j - 1) == Some(&a) {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = row;
        row = next;
        last = Some(a);
    }
    row.last().copied().unwrap_or_default()
}
