//! Names with holes: `"customer_{id}"` is one lock for each customer.

use syn::Ident;

use crate::options;

/// A name's text, taken apart at its holes; a plain name has none.
///
/// What fills a hole is escaped when the program runs, to lower-case letters, digits, `-` and `%`.
/// Any other character is a separator: it stands where it stands, whatever the keys are. That is
/// what keeps the texts of different keys, and of different names, apart.
pub(crate) struct Template {
    /// What stands around the holes: one more than there are holes.
    pub(crate) literals: Vec<String>,
    /// What the holes are called.
    pub(crate) holes: Vec<String>,
}

impl Template {
    /// Takes `name` apart, or says why it cannot be a name.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let mut template = Self { literals: Vec::new(), holes: Vec::new() };
        let mut rest = name;
        while let Some((literal, behind)) = rest.split_once('{') {
            let Some((hole, behind)) = behind.split_once('}') else {
                return Err("a `{` in it has no `}`".to_owned());
            };
            template.add_literal(literal)?;
            template.add_hole(hole)?;
            rest = behind;
        }
        template.add_literal(rest)?;
        if !template.holes.is_empty() && name.contains('%') {
            return Err("it contains '%', which marks what is escaped in a key".to_owned());
        }
        Ok(template)
    }

    fn add_literal(&mut self, literal: &str) -> Result<(), String> {
        if literal.contains('}') {
            return Err("a `}` in it has no `{`".to_owned());
        }
        self.literals.push(literal.to_owned());
        Ok(())
    }

    /// Adds the hole behind the last literal.
    fn add_hole(&mut self, hole: &str) -> Result<(), String> {
        // What stands beside the identifier would be overlooked.
        if hole.contains(['#', '/'])
            || hole.trim() != hole
            || syn::parse_str::<Ident>(hole).is_err()
        {
            return Err(format!("`{{{hole}}}` is no plain identifier in braces, such as `{{id}}`"));
        }
        if options::is_keyword(hole) {
            return Err(format!("its hole `{{{hole}}}` is called like an argument: rename it"));
        }
        if self.holes.iter().any(|earlier| earlier == hole) {
            return Err(format!("it has the hole `{{{hole}}}` twice"));
        }
        if let (Some(earlier), Some(between)) = (self.holes.last(), self.literals.last()) {
            if !lower_case(between).any(is_separator) {
                return Err(format!(
                    "only another character than a letter, a digit, `-` and `%`, such as `_`, \
                     tells where the key `{{{earlier}}}` ends and `{{{hole}}}` starts"
                ));
            }
        }
        self.holes.push(hole.to_owned());
        Ok(())
    }

    /// The name that harmless keys make.
    pub(crate) fn sample(&self) -> String {
        self.literals.join("0")
    }

    /// Whether some keys make the same text of both, if only in different case.
    pub(crate) fn may_equal(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.segments(), other.segments());
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(ours, theirs)| ours.may_equal(theirs))
    }

    /// The text in lower case, cut behind each separator.
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

/// What stands between two separators, and has one hole at the most; with the second of them.
#[derive(Default)]
struct Segment {
    /// What stands in front of the hole, or everything.
    prefix: String,
    /// What stands behind the hole.
    suffix: Option<String>,
}

impl Segment {
    fn may_equal(&self, other: &Self) -> bool {
        match (&self.suffix, &other.suffix) {
            (None, None) => self.prefix == other.prefix,
            (Some(suffix), None) => fits(&self.prefix, suffix, &other.prefix),
            (None, Some(suffix)) => fits(&other.prefix, suffix, &self.prefix),
            (Some(ours), Some(theirs)) => {
                let starts = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
                let ends = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
                starts(&self.prefix, &other.prefix) && ends(ours, theirs)
            }
        }
    }
}

/// Whether some key between `prefix` and `suffix` makes `text`.
fn fits(prefix: &str, suffix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.ends_with(suffix))
}

/// Some file systems do not tell upper from lower case.
fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether no key has this character, once it is escaped.
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
    fn a_name_is_taken_apart_at_its_holes() {
        for (name, literals, holes) in [
            ("invoice_saved", &["invoice_saved"][..], &[][..]),
            ("customer_{id}", &["customer_", ""], &["id"]),
            ("{shop}: {id}.x", &["", ": ", ".x"], &["shop", "id"]),
            ("{größe}", &["", ""], &["größe"]),
        ] {
            assert_eq!(template(name).literals, literals, "{name}");
            assert_eq!(template(name).holes, holes, "{name}");
        }
    }

    #[test]
    fn what_is_no_plain_hole_is_refused() {
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
    fn two_holes_are_kept_apart_by_what_no_key_has() {
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
    fn names_that_no_keys_make_equal_are_told_apart() {
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
