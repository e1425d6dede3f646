//! Whatever is written in the macros' place, they answer with code or with errors, and never
//! panic. Inputs are made of those in `corpus`; one that has failed once belongs there too.

use std::env;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use crate::{block, function, registry};

/// How many inputs are made of each in the corpus; `JAM_LOCK_FUZZ` says so too.
const ROUNDS: usize = 2_000;

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
        trees[at] = Group::new(group.delimiter(), inside).into();
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
            trees[at] = Group::new(delimiter, trees[at].clone().into()).into();
        }
    }
    trees.into_iter().collect()
}

#[test]
fn of_functions_and_their_arguments() {
    fuzz("locked", |text, change| {
        let (arguments, item) = text.split_once('\n').expect("arguments come first");
        let (arguments, item) = (change(stream(arguments)), change(stream(item)));
        let _shown = Shown(&[&arguments, &item]);
        assert!(!function::expand(&arguments, &item).is_empty() || item.is_empty());
    });
}

#[test]
fn of_blocks() {
    fuzz("block", |text, change| {
        let input = change(stream(text));
        let _shown = Shown(&[&input]);
        assert!(!block::expand(quote!([jam_lock] [crate::lock_names] #input)).is_empty());
    });
}

#[test]
fn of_names() {
    fuzz("lock_names", |text, change| {
        let input = change(stream(text));
        let _shown = Shown(&[&input]);
        assert!(!registry::expand(quote!([jam_lock] #input)).is_empty());
    });
}
