//! Finds an `.await` in a blocking `locked!` block, where it is not allowed.

use proc_macro2::{Span, TokenStream, TokenTree};

use crate::scan::{is_punct, skip_async, skip_function, skip_macro};

/// The first `.await` that runs as part of `tokens` themselves.
///
/// It ignores `async` blocks, `async` closures and nested functions, which run elsewhere or later;
/// a nested `locked!`, which has its own check; and `stringify!`, which runs nothing. The input of
/// any other macro is searched, although its expansion is unknown.
pub(crate) fn find_await(tokens: TokenStream) -> Option<Span> {
    let mut tokens = tokens.into_iter().peekable();
    let mut is_after_dot = false;
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident) if is_after_dot && ident == "await" => {
                return Some(ident.span());
            }
            TokenTree::Ident(ident) if ident == "async" => skip_async(&mut tokens),
            TokenTree::Ident(ident) if ident == "fn" => skip_function(&mut tokens),
            TokenTree::Ident(ident)
                if ["locked", "macro_rules", "stringify"].iter().any(|name| ident == name) =>
            {
                skip_macro(&mut tokens);
            }
            TokenTree::Group(group) => {
                if let Some(found) = find_await(group.stream()) {
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
    use super::find_await;

    fn has_await(code: &str) -> bool {
        find_await(code.parse().expect("tokens")).is_some()
    }

    #[test]
    fn an_await_of_the_block_itself_is_found() {
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
    fn an_await_that_runs_elsewhere_or_later_is_ignored() {
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
