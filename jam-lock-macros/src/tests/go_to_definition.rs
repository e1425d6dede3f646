//! An editor goes from a name to all items whose paths are at the span of the name, so only the item of the
//! name may be.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::{block, function, name_lookup, registry};

/// The identifiers in `output` that are where the last string in `input` is.
fn at_the_name(input: &TokenStream, output: TokenStream) -> Vec<String> {
    at_the_last(|token| token.starts_with('"'), input, output)
}

/// The identifiers in `output` that are where the last such token of `input` is.
fn at_the_last(
    is_such: impl Fn(&str) -> bool,
    input: &TokenStream,
    output: TokenStream,
) -> Vec<String> {
    let last = all(input.clone()).into_iter().rfind(|token| is_such(&token.to_string()));
    let place = last.expect("such a token").span().byte_range();
    let is_there = |token: &TokenTree| {
        matches!(token, TokenTree::Ident(_)) && token.span().byte_range() == place
    };
    all(output).iter().filter(|token| is_there(token)).map(ToString::to_string).collect()
}

/// All tokens, those in groups included.
fn all(stream: TokenStream) -> Vec<TokenTree> {
    let inside = |token: TokenTree| match &token {
        TokenTree::Group(group) => [vec![token.clone()], all(group.stream())].concat(),
        _ => vec![token],
    };
    stream.into_iter().flat_map(inside).collect()
}

fn stream(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

#[test]
fn a_name_leads_to_its_declaration_alone() {
    let arguments = stream("\"stock\", timeout = 10");
    for item in ["fn save() -> R { work() }", "async fn save(self) -> R { work().await }"] {
        let expanded = function::expand(&arguments, &stream(item));
        assert_eq!(at_the_name(&arguments, expanded), [""; 0], "{item}");
    }
    for text in ["[r] [names] \"stock\", { 1 }", "[r] [names] \"stock\", async { 1 }"] {
        let input = stream(text);
        assert_eq!(at_the_name(&input, block::expand(input.clone())), [""; 0], "{text}");
    }
    let input = stream("[r] [] [crate::lock_names] \"stock\"");
    let declared = stream("[r] [\"stock\" STOCK] [crate::lock_names]");
    let lookup = declared.into_iter().chain(input.clone().into_iter().skip(3)).collect();
    assert_eq!(at_the_name(&input, name_lookup::expand(lookup)), ["STOCK"]);
}

#[test]
fn a_declaration_leads_to_nothing_but_its_items() {
    for (name, items) in
        [("stock", ["STOCK", "Stock"]), ("customer_{id}", ["customer_id", "CustomerId"])]
    {
        let input = stream(&format!("[r] /// Held while it is used.\n \"{name}\""));
        let expanded = at_the_name(&input, registry::expand(input.clone()));
        let found: BTreeSet<_> = expanded.iter().map(String::as_str).collect();
        assert_eq!(found, items.into(), "{name}");
    }
}

#[test]
fn a_return_type_and_a_function_among_the_arguments_lead_to_themselves_alone() {
    let arguments = stream("\"stock\", or_else = refuse, recover = repair");
    for item in
        ["fn save() -> Result<u32, E> { work() }", "async fn save() -> Result<u32, E> { 7 }"]
    {
        // Elsewhere than the arguments.
        let item = stream(&format!("{:100}{item}", ""));
        let at = |word: &'static str, input| {
            let expanded = function::expand(&arguments, &item);
            let mut words = at_the_last(|token| token == word, input, expanded);
            words.retain(|found| found != word);
            words
        };
        assert_eq!(at("Result", &item), [""; 0]);
        assert_eq!(at("refuse", &arguments), [""; 0]);
        assert_eq!(at("repair", &arguments), [""; 0]);
    }
}
