//! Error recovery: the macros keep the user's code, so that editors understand it while it is
//! typed.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::{block, function};

fn stream(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|error| panic!("{error} in: {text}"))
}

/// All identifiers, including those in groups.
fn identifiers(stream: TokenStream) -> Vec<String> {
    let identifiers = stream.into_iter().flat_map(|tree| match tree {
        TokenTree::Group(group) => identifiers(group.stream()),
        TokenTree::Ident(ident) => vec![ident.to_string()],
        _ => Vec::new(),
    });
    identifiers.collect()
}

/// Checks that `output` contains all identifiers of `input`.
fn assert_kept(input: &TokenStream, output: TokenStream) {
    let text = output.to_string();
    let output = identifiers(output);
    for identifier in identifiers(input.clone()) {
        assert!(output.contains(&identifier), "`{identifier}` is missing in: {text}");
    }
}

#[test]
fn a_function_with_an_incomplete_body_is_locked() {
    // Editors close open brackets before they expand a macro.
    for body in ["let y = x.", "load(x,)", "if x", "match x { Some }", "let held", "self."] {
        let item = stream(&format!("fn save(x: u32) -> Result<(), LockError> {{ {body} }}"));
        let output = function::expand(&stream("\"invoice_saved\""), &item);
        assert!(!output.to_string().contains("compile_error"), "{output}");
        assert_kept(&item, output);
    }
}

#[test]
fn an_incomplete_function_is_passed_on() {
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
        let output = function::expand(&stream("\"invoice_saved\", timeout = 10"), &item);
        assert_kept(&item, output);
    }
}

#[test]
fn a_function_with_incomplete_arguments_is_passed_on() {
    let item = stream("fn save(x: u32) -> Result<(), LockError> { x.load(held.token()) }");
    for arguments in ["", "timeout = ", "\"a\", tim =", "\"a\", timeout", "\"a\" guard"] {
        assert_kept(&item, function::expand(&stream(arguments), &item));
    }
}

#[test]
fn the_variable_of_the_guard_has_its_type_despite_errors() {
    let item = stream("fn save() -> Result<(), LockError> { held.token() }");
    let support = quote!(::jam_lock::macro_support);
    let ty = |name| quote!(crate::lock_names::name! { type [crate::lock_names] #name });
    let (a, b) = (ty("a"), ty("b"));
    for (names, guard) in [
        ("\"a\"", quote!(&#support::Held<#a>)),
        ("\"a\", shared", quote!(&#support::HeldShared<#a>)),
        ("NAME", quote!(&#support::LockGuard)),
        ("\"a\", \"b\"", quote!((&#support::Held<#a>, &#support::Held<#b>))),
    ] {
        let output =
            function::expand(&stream(&format!("{names}, guard = held, timeout = ")), &item);
        assert!(output.to_string().contains(&quote!(let held: #guard).to_string()), "{output}");
    }
}

#[test]
fn a_block_with_incomplete_arguments_is_passed_on() {
    for arguments in ["tim = ", "\"a\", timeout", "\"a\", guard = held, timeout = \"\"", "shared"] {
        for block in ["{ x.load() }", "{ x. }", "async move { x.load().await }"] {
            let input = stream(&format!("{arguments}, {block}"));
            let output = block::expand(quote!([jam_lock] [crate::lock_names] #input));
            assert!(output.to_string().contains("compile_error"), "{output}");
            assert_kept(&stream(block), output);
        }
    }
}
