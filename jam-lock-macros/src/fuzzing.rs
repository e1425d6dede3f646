//! Whatever is written in the macros' place, they answer with code, or with errors at what is wrong,
//! and never panic. Inputs are made of those in `corpus`; one that has failed once belongs there too.

use std::env;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use crate::{block, function, registry};

/// How many inputs are made of each in the corpus; `JAM_LOCK_FUZZ` says so too.
const ROUNDS: usize = 2_000;

/// What the macro as a whole is blamed for: words that it lacks.
const OF_THE_WHOLE: [&str; 4] =
    ["unexpected end of input", "expected", "which lock?", "declare at least one lock name"];

/// Inputs that people could write, in the folder of this name.
fn corpus(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Shows what was being expanded when a test panics.
struct Shown<'a>(&'a [&'a TokenStream]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for input in self.0 {
                eprintln!("the input was: {input}");
            }
        }
    }
}

/// Sees that `expand` makes something of the inputs, and that its errors are at words of them.
fn see(inputs: &[&TokenStream], expand: impl FnOnce() -> TokenStream) {
    let _shown = Shown(inputs);
    let answer = all(expand());
    assert!(!answer.is_empty() || inputs.iter().any(|input| input.is_empty()));
    for words in answer.windows(4) {
        // `compile_error! { "message" }`
        if matches!(&words[0], TokenTree::Ident(word) if word == "compile_error") {
            let message = words[3].to_string();
            let is_of_the_whole = OF_THE_WHOLE.iter().any(|start| message[1..].starts_with(start));
            let is_placed = !words[0].span().byte_range().is_empty();
            assert!(is_placed || is_of_the_whole, "this is nowhere: {message}");
        }
    }
}

/// Gives `expand` every input of the corpus, and what becomes of it by chance.
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

/// The same with one token left out, doubled, exchanged or put into a group.
fn changed(stream: TokenStream, words: &[TokenTree], random: &mut Rng) -> TokenStream {
    let mut trees: Vec<_> = stream.into_iter().collect();
    if trees.is_empty() {
        return words[random.usize(..words.len())].clone().into();
    }
    let at = random.usize(..trees.len());
    if let (TokenTree::Group(group), 0..8) = (&trees[at], random.u32(..10)) {
        let inside = changed(group.stream(), words, random);
        trees[at] = placed(Group::new(group.delimiter(), inside), &trees[at]);
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
            trees[at] = placed(Group::new(delimiter, trees[at].clone().into()), &trees[at]);
        }
    }
    trees.into_iter().collect()
}

/// The same group where `tree` stands.
fn placed(mut group: Group, tree: &TokenTree) -> TokenTree {
    group.set_span(tree.span());
    group.into()
}

#[test]
fn of_functions_and_their_arguments() {
    fuzz("locked", |text, change| {
        let (arguments, item) = text.split_once('\n').expect("arguments come first");
        let (arguments, item) = (change(stream(arguments)), change(stream(item)));
        see(&[&arguments, &item], || function::expand(&arguments, &item));
    });
}

#[test]
fn of_blocks() {
    fuzz("block", |text, change| {
        let input = change(stream(text));
        see(&[&input], || block::expand(quote!([jam_lock] [crate::lock_names] #input)));
    });
}

#[test]
fn of_names() {
    fuzz("lock_names", |text, change| {
        let input = change(stream(text));
        see(&[&input], || registry::expand(quote!([jam_lock] #input)));
    });
}
