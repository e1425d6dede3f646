//! Code that is being written: whatever is missing, an editor still finds what is there.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::{block, function};

fn stream(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("{error} in: {text}"))
}

/// All words, those in groups included.
fn words(stream: TokenStream) -> Vec<String> {
    let words = stream.into_iter().flat_map(|tree| match tree {
        TokenTree::Group(group) => words(group.stream()),
        TokenTree::Ident(ident) => vec![ident.to_string()],
        _ => Vec::new(),
    });
    words.collect()
}

/// Checks that all words of `written` are among those of `made`.
fn assert_kept(written: &TokenStream, made: TokenStream) {
    let text = made.to_string();
    let made = words(made);
    for word in words(written.clone()) {
        assert!(made.contains(&word), "`{word}` is missing in: {text}");
    }
}

#[test]
fn a_function_with_an_unfinished_body_is_locked() {
    // What is open in an editor is closed by it before a macro sees it.
    for body in ["let y = x.", "load(x,)", "if x", "match x { Some }", "let held", "self."] {
        let item = stream(&format!("fn save(x: u32) -> Result<(), LockError> {{ {body} }}"));
        let made = function::expand(&stream("\"invoice_saved\""), &item);
        assert!(!made.to_string().contains("compile_error"), "{made}");
        assert_kept(&item, made);
    }
}

#[test]
fn an_unfinished_function_is_passed_on() {
    for item in [
        "fn",
        "fn save",
        "fn save()",
        "fn save(x) {}",
        "fn save(x: ) { x.load() }",
        "fn save(&self, x: &) { x.load() }",
        "fn save(x: u32) -> { x.load() }",
        "fn save<T: >(x: T) -> Result<> { x. }",
        "pub(crate) async fn",
        "async save() { x.load().await }",
    ] {
        let item = stream(item);
        let made = function::expand(&stream("\"invoice_saved\", timeout = 10"), &item);
        assert_kept(&item, made);
    }
}

#[test]
fn a_function_with_unfinished_arguments_is_passed_on() {
    let item = stream("fn save(x: u32) -> Result<(), LockError> { x.load(held.token()) }");
    for arguments in ["", "timeout = ", "\"a\", tim =", "\"a\", timeout", "\"a\" guard"] {
        assert_kept(&item, function::expand(&stream(arguments), &item));
    }
}

#[test]
fn what_is_to_be_called_the_guard_has_its_type_meanwhile() {
    let item = stream("fn save() -> Result<(), LockError> { held.token() }");
    for (names, guard) in [
        ("\"a\"", quote!(&::jam_lock::macro_support::LockGuard)),
        ("\"a\", \"b\"", quote!(&[::jam_lock::macro_support::LockGuard])),
    ] {
        let made = function::expand(&stream(&format!("{names}, guard = held, timeout = ")), &item);
        assert!(made.to_string().contains(&quote!(let held: #guard).to_string()), "{made}");
    }
}

#[test]
fn a_block_with_unfinished_arguments_is_passed_on() {
    for arguments in ["tim = ", "\"a\", timeout", "\"a\", guard = held, timeout = \"\"", "shared"] {
        for block in ["{ x.load() }", "{ x. }", "async move { x.load().await }"] {
            let written = stream(&format!("{arguments}, {block}"));
            let made = block::expand(quote!([jam_lock] [crate::lock_names] #written));
            assert!(made.to_string().contains("compile_error"), "{made}");
            assert_kept(&stream(block), made);
        }
    }
}
