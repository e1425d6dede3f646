//! The macros of jam-lock. Use them through the crate `jam-lock`, which re-exports them.

// `#[locked]` and `locked!`: parse the arguments …
mod arguments;
mod body;
mod options;
mod other_words;
mod period;
mod seconds;
mod timeout;

// … check the body …
mod await_check;
mod lock_name;
mod lock_order;
mod nested_sections;
mod scan;

// … and generate the section.
mod acquisition;
mod at_most_every;
mod before_body;
mod block;
mod copies;
mod function;
mod hygiene;
mod inert_attributes;
mod not_a_function;
mod not_acquired;
mod on_lost;
mod parameters;
mod proofs;
mod rename_self;
mod requested_names;
mod return_type;
mod section;

// `lock_names!`: the declared names, and the registry that is generated from them.
mod declarations;
mod identifiers;
mod name_types;
mod portable;
mod registry;
mod template;

// `name!`: looks up a name in the registry.
mod declared_names;
mod name_lookup;
mod registry_paths;
mod suggestion;

// Used by all of them.
mod errors;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Documented in the crate `jam-lock`, where its links lead somewhere.
#[proc_macro_attribute]
pub fn locked(arguments: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(&arguments.into(), &item.into()).into()
}

/// Implements `jam_lock::lock_names!`, which passes `[$crate]` before the names.
#[doc(hidden)]
#[proc_macro]
pub fn lock_names(input: TokenStream) -> TokenStream {
    registry::expand(input.into()).into()
}

/// Implements a registry's `locked!`, which passes the runtime crate and the registry first.
#[doc(hidden)]
#[proc_macro]
pub fn block(input: TokenStream) -> TokenStream {
    block::expand(input.into()).into()
}

/// Implements a registry's `name!`, which passes the runtime crate and the declared names first.
#[doc(hidden)]
#[proc_macro]
pub fn name(input: TokenStream) -> TokenStream {
    name_lookup::expand(input.into()).into()
}
