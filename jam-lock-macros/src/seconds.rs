//! A number of seconds, as the value of an argument.

use std::time::Duration;

use syn::{Error, Expr, Lit, Result};

/// The duration of a literal, for an argument that is a timeout or a period; `None` if the number is too
/// large for a `Duration`.
pub(crate) fn of_literal(literal: &Lit, what: &str) -> Result<Option<Duration>> {
    let (suffix, duration) = match literal {
        Lit::Int(integer) => {
            let seconds = integer.base10_parse().ok();
            (integer.suffix(), seconds.map(Duration::from_secs))
        }
        Lit::Float(float) => {
            let seconds = float.base10_parse()?;
            (float.suffix(), Duration::try_from_secs_f64(seconds).ok())
        }
        other => {
            let message = format!(
                "invalid {what}: write a number of seconds, such as `10` or `0.5`, \
                 or an expression such as a `Duration`"
            );
            return Err(Error::new_spanned(other, message));
        }
    };
    match suffix {
        "" | "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16"
        | "u32" | "u64" | "u128" | "usize" => Ok(duration),
        unit => {
            let number = duration.zip(length_of(unit));
            let number = number.map(|(number, length)| number.as_secs_f64() * length);
            let seconds = number.map_or("the number of seconds".to_owned(), |it| format!("`{it}`"));
            let message = format!(
                "invalid suffix `{unit}` on a {what}, which is in seconds: write {seconds} without a suffix"
            );
            Err(Error::new_spanned(literal, message))
        }
    }
}

/// How many seconds a unit of time has.
fn length_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "msec" | "millis" => 0.001,
        "s" | "sec" | "secs" => 1.0,
        "m" | "min" | "mins" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

/// The expression inside parentheses, and inside the invisible groups of a `macro_rules!`.
pub(crate) fn unwrapped(mut value: Expr) -> Expr {
    loop {
        value = match value {
            Expr::Group(group) => *group.expr,
            Expr::Paren(parentheses) => *parentheses.expr,
            other => return other,
        };
    }
}
