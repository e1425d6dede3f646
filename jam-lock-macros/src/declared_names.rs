//! Which declared name a literal refers to, and which one was probably meant.

use quote::ToTokens;
use syn::Expr;

use crate::registry_paths::Declared;
use crate::template::Template;

/// The position of the declared name that `name` refers to.
///
/// Its placeholders may be called like other variables, as in `"customer_{from}", "customer_{to}"`. One that
/// the declaration has at another place does not count, because it would be filled with the wrong key.
pub(crate) fn position(declared: &[Declared], name: &str) -> Option<usize> {
    let same = declared.iter().position(|declared| declared.name == name);
    if same.is_some() || !name.contains('{') {
        return same;
    }
    let used = Template::parse(name).ok()?;
    let refers_to = |declared: &Template| {
        declared.literals == used.literals
            && used.placeholders.iter().enumerate().all(|(at, placeholder)| {
                let there = declared.placeholders.iter().position(|it| it == placeholder);
                there.is_none_or(|there| there == at)
            })
    };
    declared.iter().position(|declared| template(declared).is_some_and(|it| refers_to(&it)))
}

/// How a keyed name has to be written that was probably meant by `name`, which is not declared.
pub(crate) fn meant(declared: &[Declared], name: &str) -> Option<String> {
    if let Some(names) = names_in_one_literal(declared, name) {
        return Some(names);
    }
    declared.iter().find_map(|declared| {
        let template = template(declared).filter(|it| !it.placeholders.is_empty())?;
        let declared = &declared.name;
        if let Some(values) = values_in_braces(name, &template) {
            return Some(with_keys(declared, &template, &values));
        }
        if let (Some(key), [_]) = (only_key(name, &template), &*template.placeholders) {
            let is_number = key.bytes().all(|byte| byte.is_ascii_digit());
            let value = if is_number { key.to_owned() } else { format!("{key:?}") };
            return Some(with_keys(declared, &template, &[value]));
        }
        let start = template.literals[0].trim_end_matches(|c: char| !c.is_alphanumeric());
        (name == start).then(|| format!("`{declared}`"))
    })
}

/// Several declared names in one literal, as a literal for each.
fn names_in_one_literal(declared: &[Declared], text: &str) -> Option<String> {
    let names: Vec<_> = text.split(',').map(str::trim).collect();
    let is_list = names.len() > 1 && names.iter().all(|name| position(declared, name).is_some());
    let literals: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    is_list.then(|| format!("`{}`", literals.join(", ")))
}

/// The template of a declared name, unless it is invalid, which its declaration reports.
fn template(declared: &Declared) -> Option<Template> {
    Template::parse(&declared.name).ok()
}

/// A name and the arguments that fill its placeholders.
fn with_keys(name: &str, template: &Template, values: &[String]) -> String {
    let keys = template.placeholders.iter().zip(values);
    let keys = keys.filter(|(placeholder, value)| placeholder != value);
    let keys: Vec<_> =
        keys.map(|(placeholder, value)| format!(", {placeholder} = {value}")).collect();
    format!("`\"{name}\"{}`", keys.concat())
}

/// The expressions in the braces of `name`, such as `order.id`, if it is `template` otherwise.
fn values_in_braces(name: &str, template: &Template) -> Option<Vec<String>> {
    let (start, mut rest) = name.split_once('{')?;
    let mut literals = vec![start];
    let mut values = Vec::new();
    loop {
        let (value, after) = rest.split_once('}')?;
        let value: Expr = syn::parse_str(value).ok()?;
        values.push(value.to_token_stream().to_string().replace(" . ", "."));
        let Some((literal, after)) = after.split_once('{') else {
            literals.push(after);
            break;
        };
        literals.push(literal);
        rest = after;
    }
    // With variables alone, the placeholders are in another order.
    let has_expression = values.iter().any(|value| syn::parse_str::<syn::Ident>(value).is_err());
    (literals == template.literals && has_expression).then_some(values)
}

/// The text in place of the only placeholder.
fn only_key<'a>(name: &'a str, template: &Template) -> Option<&'a str> {
    let [prefix, suffix] = &*template.literals else { return None };
    let key = name.strip_prefix(prefix.as_str())?.strip_suffix(suffix.as_str())?;
    (!key.is_empty() && !key.contains(['{', '}'])).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> [Declared; 3] {
        ["invoice", "customer_{id}", "order_{shop}_{number}"].map(|name| Declared {
            name: name.to_owned(),
            item: None,
            permits: None,
        })
    }

    #[test]
    fn placeholders_may_have_names_of_their_own() {
        for (name, at) in [
            ("invoice", 0),
            ("customer_{id}", 1),
            ("customer_{from}", 1),
            ("order_{here}_{there}", 2),
            ("order_{here}_{number}", 2),
        ] {
            assert_eq!(position(&declared(), name), Some(at), "{name}");
        }
    }

    #[test]
    fn a_placeholder_stays_at_its_place() {
        for name in
            ["order_{number}_{shop}", "order_{number}_{x}", "customer_{a}_{b}", "customer_7"]
        {
            assert_eq!(position(&declared(), name), None, "{name}");
        }
    }

    #[test]
    fn a_key_inside_the_name_is_meant_as_an_argument() {
        for (name, spelling) in [
            ("customer_7", "`\"customer_{id}\", id = 7`"),
            ("customer_ann", "`\"customer_{id}\", id = \"ann\"`"),
            ("customer_{order.id}", "`\"customer_{id}\", id = order.id`"),
            ("order_{shop}_{self.number}", "`\"order_{shop}_{number}\", number = self.number`"),
            ("customer", "`customer_{id}`"),
            ("invoice, customer_{from}", "`\"invoice\", \"customer_{from}\"`"),
        ] {
            assert_eq!(meant(&declared(), name).as_deref(), Some(spelling), "{name}");
        }
    }

    #[test]
    fn other_names_are_not_taken_for_keyed_ones() {
        for name in
            ["customers", "custom_7", "order_{number}_{shop}", "customer_{}", "invoice, report", ""]
        {
            assert_eq!(meant(&declared(), name), None, "{name}");
        }
    }
}
