//! The `.await` that a plain block must not have: the thread would sleep in it with the lock held.

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::skipping::{is_punct, skip_async, skip_item, skip_macro};

/// The first `.await` that runs as part of `tokens` themselves.
///
/// What is written in an `async` block or closure, or in a nested `fn`, runs elsewhere or later. A
/// nested `locked!` looks for itself, and `stringify!` runs nothing. What another macro makes of its
/// input cannot be seen.
pub(crate) fn find(tokens: TokenStream) -> Option<Span> {
    let mut tokens = tokens.into_iter().peekable();
    let mut is_after_dot = false;
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident) if is_after_dot && ident == "await" => {
                return Some(ident.span());
            }
            TokenTree::Ident(ident) if ident == "async" => skip_async(&mut tokens),
            TokenTree::Ident(ident) if ident == "fn" => skip_item(&mut tokens),
            TokenTree::Ident(ident)
                if ["locked", "macro_rules", "stringify"].iter().any(|name| ident == name) =>
            {
                skip_macro(&mut tokens);
            }
            TokenTree::Group(group) => {
                if let Some(found) = find(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
        is_after_dot = is_punct(&token, '.');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::find;

    fn has_await(code: &str) -> bool {
        find(code.parse().expect("tokens")).is_some()
    }

    #[test]
    fn an_await_of_the_blocks_own_is_found() {
        for code in [
            "request.await",
            "let x = send(request.await?);",
            "if ready { request.await; }",
            "println!(\"{}\", request.await)",
            "let f: fn(u8) -> u8 = double; request.await",
            "spawn(async { 1 }).await",
            "if let None = None::<fn()> { request.await }",
            "send(double as fn(u8) -> u8, request.await)",
            "let g = async |x| x.await; request.await",
            "r#async; request.await",
        ] {
            assert!(has_await(code), "{code}");
        }
    }

    #[test]
    fn an_await_that_runs_elsewhere_or_later_is_none_of_it() {
        for code in [
            "spawn(async { request.await })",
            "spawn(async move { request.await })",
            "let f = |x| async move { x.await };",
            "let f = async |x| x.await;",
            "let f = async move |x: u8| { x.await };",
            "async fn f() -> u8 { request.await } f()",
            "fn f() { }",
            "macro_rules! wait { () => { request.await } }",
            "locked!(\"inner\", async { request.await })",
            "matches!(3, 1 | 2)",
            "stringify!(request.await)",
            "let r#await = 1; 1 | 2",
        ] {
            assert!(!has_await(code), "{code}");
        }
    }
}
