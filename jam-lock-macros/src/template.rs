//! Names with placeholders: `"customer_{id}"` is one lock for each customer.

use syn::Ident;

use crate::options;

/// A name's text, split at its placeholders; a plain name has none.
///
/// At run time the keys are escaped to lower-case letters, digits, `-` and `%`. Any other character
/// is a separator, because no key can produce it. Because of separators, different keys and
/// different names produce different texts.
pub(crate) struct Template {
    /// The texts around the placeholders, one more than there are placeholders.
    pub(crate) literals: Vec<String>,
    /// The names of the placeholders.
    pub(crate) placeholders: Vec<String>,
}

impl Template {
    /// Splits `name`, or returns why it is invalid.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let mut template = Self { literals: Vec::new(), placeholders: Vec::new() };
        let mut rest = name;
        while let Some((literal, after)) = rest.split_once('{') {
            let Some((placeholder, after)) = after.split_once('}') else {
                return Err("unclosed `{`: braces enclose placeholders, such as `{id}`".to_owned());
            };
            template.add_literal(literal)?;
            template.add_placeholder(placeholder)?;
            rest = after;
        }
        template.add_literal(rest)?;
        if !template.placeholders.is_empty() && name.contains('%') {
            return Err("it contains '%', which is reserved for escapes in keys".to_owned());
        }
        Ok(template)
    }

    fn add_literal(&mut self, literal: &str) -> Result<(), String> {
        if literal.contains('}') {
            return Err("unmatched `}`: braces enclose placeholders, such as `{id}`".to_owned());
        }
        self.literals.push(literal.to_owned());
        Ok(())
    }

    /// Adds the placeholder after the last literal.
    fn add_placeholder(&mut self, placeholder: &str) -> Result<(), String> {
        // `syn` accepts raw identifiers, and ignores comments and spaces.
        if placeholder.contains(['#', '/'])
            || placeholder.trim() != placeholder
            || syn::parse_str::<Ident>(placeholder).is_err()
        {
            return Err(format!(
                "`{{{placeholder}}}` is not a valid placeholder: \
                 write an identifier in braces, such as `{{id}}`"
            ));
        }
        if options::is_keyword(placeholder) {
            return Err(format!(
                "placeholder `{{{placeholder}}}` has the same name as an argument: rename it"
            ));
        }
        if self.placeholders.iter().any(|earlier| earlier == placeholder) {
            return Err(format!("placeholder `{{{placeholder}}}` is used twice: rename one"));
        }
        if let (Some(earlier), Some(between)) = (self.placeholders.last(), self.literals.last()) {
            if !lower_case(between).any(is_separator) {
                return Err(format!(
                    "placeholders `{{{earlier}}}` and `{{{placeholder}}}` need a separator between \
                     them, such as `_` (not a letter, digit, `-` or `%`)"
                ));
            }
        }
        self.placeholders.push(placeholder.to_owned());
        Ok(())
    }

    /// The name with a valid key for each placeholder.
    pub(crate) fn sample(&self) -> String {
        self.literals.join("0")
    }

    /// Whether some keys make both names the same text, ignoring case.
    pub(crate) fn may_equal(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.segments(), other.segments());
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(ours, theirs)| ours.may_equal(theirs))
    }

    /// The text in lower case, split after each separator.
    fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut segment = Segment::default();
        for (position, literal) in self.literals.iter().enumerate() {
            if position > 0 {
                segment.suffix = Some(String::new());
            }
            for c in lower_case(literal) {
                segment.suffix.as_mut().unwrap_or(&mut segment.prefix).push(c);
                if is_separator(c) {
                    segments.push(std::mem::take(&mut segment));
                }
            }
        }
        segments.push(segment);
        segments
    }
}

/// The text up to and including a separator, with at most one placeholder.
#[derive(Default)]
struct Segment {
    /// The text before the placeholder, or all of it.
    prefix: String,
    /// The text after the placeholder, if there is one.
    suffix: Option<String>,
}

impl Segment {
    fn may_equal(&self, other: &Self) -> bool {
        match (&self.suffix, &other.suffix) {
            (None, None) => self.prefix == other.prefix,
            (Some(suffix), None) => is_filled(&self.prefix, suffix, &other.prefix),
            (None, Some(suffix)) => is_filled(&other.prefix, suffix, &self.prefix),
            (Some(ours), Some(theirs)) => {
                let starts = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
                let ends = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
                starts(&self.prefix, &other.prefix) && ends(ours, theirs)
            }
        }
    }
}

/// Whether `text` is `prefix`, some key and `suffix`.
fn is_filled(prefix: &str, suffix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.ends_with(suffix))
}

/// The text in lower case, since some file systems ignore case.
fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether no escaped key can contain this character.
fn is_separator(c: char) -> bool {
    !matches!(c, 'a'..='z' | '0'..='9' | '-' | '%')
}

#[cfg(test)]
mod tests {
    use super::Template;

    fn template(name: &str) -> Template {
        Template::parse(name).unwrap_or_else(|objection| panic!("{name}: {objection}"))
    }

    #[test]
    fn a_name_is_split_at_its_placeholders() {
        for (name, literals, placeholders) in [
            ("invoice_saved", &["invoice_saved"][..], &[][..]),
            ("customer_{id}", &["customer_", ""], &["id"]),
            ("{shop}: {id}.x", &["", ": ", ".x"], &["shop", "id"]),
            ("{größe}", &["", ""], &["größe"]),
        ] {
            assert_eq!(template(name).literals, literals, "{name}");
            assert_eq!(template(name).placeholders, placeholders, "{name}");
        }
    }

    #[test]
    fn invalid_placeholders_are_rejected() {
        for name in [
            "a{}",
            "a{0}",
            "a{id:?}",
            "a{ id }",
            "a{id",
            "aid}",
            "a{{id}}",
            "a}{",
            "a{b.c}",
            "a{_}",
            "a{type}",
            "a{r#type}",
            "a{self}",
            "a{timeout}",
            "a{crate}",
            "a{reentrant}",
            "{a}_{a}",
            "%{id}",
        ] {
            assert!(Template::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn two_placeholders_need_a_separator_between_them() {
        for name in ["{a}{b}", "{a}x{b}", "{a}X{b}", "{a}-{b}", "{a}7{b}", "{a}\u{212a}{b}"] {
            assert!(Template::parse(name).is_err(), "{name}");
        }
        for name in ["{a}_{b}", "{a} {b}", "{a}x.y{b}", "{a}é{b}"] {
            assert!(Template::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_some_keys_make_equal_are_found() {
        for (one, other) in [
            ("a", "A"),
            ("customer_{id}", "customer_7"),
            ("customer_{id}", "Customer_%41"),
            ("customer_{id}", "customer_"),
            ("a_{x}", "a_{y}"),
            ("a{x}", "ab{x}"),
            ("{x}a", "{x}ba"),
            ("a{x}", "{x}b"),
            ("a{x}b", "{x}ab"),
            ("{x}_{y}", "{x}_b"),
            ("{x}_{y}", "a_{y}"),
            ("{x}.{y}.c", "a.{y}.{z}"),
        ] {
            let (one, other) = (template(one), template(other));
            assert!(one.may_equal(&other) && other.may_equal(&one), "{}", one.sample());
        }
    }

    #[test]
    fn names_that_no_keys_make_equal_are_distinguished() {
        for (one, other) in [
            ("a", "b"),
            ("customer_{id}", "customer"),
            ("customer_{id}", "customer_é"),
            ("customer_{id}", "customer_7_8"),
            ("customer_{id}", "customers_{id}"),
            ("a{x}", "b{x}"),
            ("{x}a", "{x}b"),
            ("ab{x}ba", "aba"),
            ("{x}_{y}", "{x}.{y}"),
            ("{x}_{y}", "{x}_{y}_{z}"),
            ("a_{x}", "{x}_b_"),
        ] {
            let (one, other) = (template(one), template(other));
            assert!(!one.may_equal(&other) && !other.may_equal(&one), "{}", one.sample());
        }
    }
}
