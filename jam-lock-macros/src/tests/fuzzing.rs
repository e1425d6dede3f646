//! Fuzzing: for any input the macros return code, or errors at the right tokens, and never panic.
//!
//! Inputs are random changes of those in `corpus`. An input that once failed belongs there too.

use std::env;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use crate::{block, function, registry};

/// How many inputs are derived from each in the corpus; `JAM_LOCK_FUZZ` overrides it.
const ROUNDS: usize = 2_000;

/// The starts of errors about missing tokens, which are reported at the whole macro.
const MISSING_TOKENS: [&str; 3] = ["unexpected end of input", "expected", "missing lock name"];

/// The inputs in a folder of the corpus, which users could have written.
fn corpus(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Prints the inputs if the test panics.
struct PrintOnPanic<'a>(&'a [&'a TokenStream]);

impl Drop for PrintOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for input in self.0 {
                eprintln!("the input was: {input}");
            }
        }
    }
}

/// Checks that `expand` returns something, and that its errors are at tokens of the inputs.
fn check(inputs: &[&TokenStream], expand: impl FnOnce() -> TokenStream) {
    let _print = PrintOnPanic(inputs);
    let output = all(expand());
    assert!(!output.is_empty() || inputs.iter().any(|input| input.is_empty()));
    for words in output.windows(4) {
        // `compile_error! { "message" }`
        if matches!(&words[0], TokenTree::Ident(word) if word == "compile_error") {
            let message = words[3].to_string();
            let is_about_missing_tokens =
                MISSING_TOKENS.iter().any(|start| message[1..].starts_with(start));
            let has_location = !words[0].span().byte_range().is_empty();
            assert!(has_location || is_about_missing_tokens, "no location: {message}");
        }
    }
}

/// Calls `expand` with every input of the corpus, and with random changes of it.
fn fuzz(folder: &str, expand: impl Fn(&str, &mut dyn FnMut(TokenStream) -> TokenStream)) {
    let rounds = env::var("JAM_LOCK_FUZZ").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let texts = corpus(folder);
    let words: Vec<TokenTree> = texts.iter().flat_map(|text| all(stream(text))).collect();
    for text in &texts {
        expand(text, &mut |stream| stream);
        for round in 0..rounds {
            let mut random = Rng::with_seed(round as u64);
            expand(text, &mut |stream| {
                (0..=random.usize(..4))
                    .fold(stream, |stream, _| changed(stream, &words, &mut random))
            });
        }
    }
}

fn stream(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("{error} in: {text}"))
}

/// All tokens, those in groups included.
fn all(stream: TokenStream) -> Vec<TokenTree> {
    let inside = |tree: TokenTree| match &tree {
        TokenTree::Group(group) => [vec![tree.clone()], all(group.stream())].concat(),
        _ => vec![tree],
    };
    stream.into_iter().flat_map(inside).collect()
}

/// The stream with one random change of a token: removed, copied, replaced, moved or grouped.
fn changed(stream: TokenStream, words: &[TokenTree], random: &mut Rng) -> TokenStream {
    let mut trees: Vec<_> = stream.into_iter().collect();
    if trees.is_empty() {
        return words[random.usize(..words.len())].clone().into();
    }
    let at = random.usize(..trees.len());
    if let (TokenTree::Group(group), 0..8) = (&trees[at], random.u32(..10)) {
        let inside = changed(group.stream(), words, random);
        trees[at] = located_at(Group::new(group.delimiter(), inside), &trees[at]);
        return trees.into_iter().collect();
    }
    let other = random.usize(..trees.len());
    match random.u32(..6) {
        0 => drop(trees.remove(at)),
        1 => trees.insert(at, trees[other].clone()),
        2 => trees.swap(at, other),
        3 => trees[at] = words[random.usize(..words.len())].clone(),
        4 => trees.truncate(at),
        _ => {
            let delimiters =
                [Delimiter::Brace, Delimiter::Bracket, Delimiter::Parenthesis, Delimiter::None];
            let delimiter = delimiters[random.usize(..delimiters.len())];
            trees[at] = located_at(Group::new(delimiter, trees[at].clone().into()), &trees[at]);
        }
    }
    trees.into_iter().collect()
}

/// The group at the location of `tree`.
fn located_at(mut group: Group, tree: &TokenTree) -> TokenTree {
    group.set_span(tree.span());
    group.into()
}

#[test]
fn functions_and_their_arguments() {
    fuzz("locked", |text, change| {
        let (arguments, item) = text.split_once('\n').expect("arguments come first");
        let (arguments, item) = (change(stream(arguments)), change(stream(item)));
        check(&[&arguments, &item], || function::expand(&arguments, &item));
    });
}

#[test]
fn blocks() {
    fuzz("block", |text, change| {
        let input = change(stream(text));
        check(&[&input], || block::expand(quote!([jam_lock] [crate::lock_names] #input)));
    });
}

#[test]
fn names() {
    fuzz("lock_names", |text, change| {
        let input = change(stream(text));
        check(&[&input], || registry::expand(quote!([jam_lock] #input)));
    });
}
