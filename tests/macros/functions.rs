//! Free functions of every form run their body under the lock.

use std::fmt::Display;

use jam_lock::{LockError, locked};

use crate::section::{alone, assert_held_within, is_held};

#[test]
fn without_parameters() {
    #[locked("section")]
    fn function() -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(function());
}

#[test]
fn with_parameters_by_value_and_by_reference() {
    #[locked("section")]
    fn function(text: String, mut list: Vec<u8>, more: &mut Vec<u8>) -> Result<bool, LockError> {
        list.extend(text.into_bytes());
        more.append(&mut list);
        Ok(is_held())
    }

    let _alone = alone();
    let mut more = vec![1];
    assert_held_within(function("a".to_owned(), vec![2], &mut more));
    assert_eq!(more, [1, 2, b'a']);
}

#[test]
fn with_patterns_as_parameters() {
    struct Point {
        x: u8,
        y: u8,
    }

    #[locked("section")]
    fn function(
        Point { x, mut y }: Point,
        (left, _): (u8, String),
        [first, ..]: &[String; 2],
        whole @ (_, _): (u8, u8),
        _: String,
        _unused: String,
    ) -> Result<bool, LockError> {
        y += 1;
        assert_eq!(first, "first");
        assert_eq!([x, y, left, whole.0, whole.1], [1, 3, 3, 5, 6]);
        Ok(is_held())
    }

    let _alone = alone();
    let (point, text) = (Point { x: 1, y: 2 }, String::new);
    assert_held_within(function(
        point,
        (3, text()),
        &["first".to_owned(), text()],
        (5, 6),
        text(),
        text(),
    ));
}

#[test]
fn with_attributes_on_parameters() {
    #[locked("section")]
    fn function(
        #[allow(unused_variables, reason = "the attribute moves along with the variable")]
        unused: u8,
        #[expect(unused_variables, reason = "the lint fires exactly once")] expected: String,
        #[cfg(any())] missing: Nowhere,
        // The arguments of the attribute contain this word.
        #[cfg(any())] section: Nowhere,
        #[cfg(test)] (present, _): (bool, u8),
    ) -> Result<bool, LockError> {
        Ok(present && is_held())
    }

    let _alone = alone();
    assert_held_within(function(0, String::new(), (true, 0)));
}

#[test]
fn generic_in_lifetimes_types_and_constants() {
    #[locked("section")]
    fn function<'a, T, const N: usize>(
        texts: [&'a str; N],
        last: T,
    ) -> Result<(bool, Option<&'a str>), LockError>
    where
        T: PartialEq<&'a str>,
    {
        Ok((is_held() && last == texts[N - 1], texts.first().copied()))
    }

    let _alone = alone();
    let text = "first".to_owned();
    let (held, first) = function([text.as_str(), "last"], String::from("last")).unwrap();
    assert!(held);
    assert_eq!(first, Some("first"));
}

#[test]
fn with_impl_trait_in_and_out() {
    #[locked("section", or_else = |error| panic!("{error}"))]
    fn function(texts: impl IntoIterator<Item = impl Display>) -> impl IntoIterator<Item = String> {
        assert!(is_held());
        texts.into_iter().map(|text| text.to_string()).collect::<Vec<_>>()
    }

    let _alone = alone();
    assert!(function([1, 2]).into_iter().eq(["1", "2"]));
}

#[test]
fn with_a_value_that_is_coerced_to_the_return_type() {
    #[locked("section", or_else = |error| Box::new(error.to_string()))]
    fn function(number: u8) -> Box<dyn Display> {
        assert!(is_held());
        if number == 0 {
            return Box::new("none");
        }
        Box::new(number)
    }

    let _alone = alone();
    assert_eq!(function(0).to_string(), "none");
    assert_eq!(function(1).to_string(), "1");
}

#[test]
fn with_an_error_type_that_implements_from_lock_error() {
    #[locked("section")]
    fn function() -> std::io::Result<bool> {
        std::fs::metadata(".")?;
        Ok(is_held())
    }

    #[locked("section")]
    fn boxed() -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        "1".parse::<u8>()?;
        Ok(is_held())
    }

    let _alone = alone();
    assert!(function().unwrap());
    assert!(boxed().unwrap());
}

#[test]
fn that_never_return() {
    #[locked("section", or_else = |error| panic!("{error}"))]
    fn function() -> ! {
        assert!(is_held());
        std::panic::resume_unwind(Box::new(()));
    }

    let _alone = alone();
    assert!(std::panic::catch_unwind(|| function()).is_err());
    assert!(!is_held());
}

#[test]
fn of_another_calling_convention() {
    #[locked("section", or_else = |_| false)]
    extern "C" fn function(number: u8) -> bool {
        number == 1 && is_held()
    }

    let _alone = alone();
    assert!(function(1));
}

#[test]
fn with_inner_attributes() {
    #[locked("section")]
    fn function() -> Result<bool, LockError> {
        //! Documented inside.
        #![expect(non_snake_case, reason = "fails unless the attribute is kept")]
        let Held = is_held();
        Ok(Held)
    }

    let _alone = alone();
    assert_held_within(function());
}

#[test]
fn with_track_caller() {
    #[track_caller]
    #[locked("section", or_else = |error| panic!("{error}"))]
    fn function(text: String) -> u32 {
        assert!(is_held() && text.is_empty());
        std::panic::Location::caller().line()
    }

    let _alone = alone();
    assert_eq!(function(String::new()), line!());
}

#[test]
fn with_two_attributes_take_two_locks() {
    #[locked("inner")]
    #[locked("section")]
    fn function((number, _): (u8, u8)) -> Result<bool, LockError> {
        let inner = jam_lock::default_locks()?.lock(crate::lock_names::INNER);
        Ok(number == 1 && inner.try_acquire().is_err() && is_held())
    }

    let _alone = alone();
    assert_held_within(function((1, 2)));
}
