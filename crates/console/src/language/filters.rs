//! What templates say texts with. A text is HTML of ours; the values in it are escaped.
#![expect(unreachable_pub, reason = "the macro makes what it makes public")]

use std::fmt::Display;

use askama::{
    Result, Values,
    filters::{Html, Safe, escape},
};

use super::{filled, form};

/// A text.
#[askama::filter_fn]
pub(crate) fn t(text: &'static str, _: &dyn Values) -> Result<Safe<&'static str>> {
    Ok(Safe(super::t(text)))
}

/// A text with a value.
#[askama::filter_fn]
pub(crate) fn t1<A: Display>(text: &'static str, _: &dyn Values, first: A) -> Result<Safe<String>> {
    Ok(Safe(filled(super::t(text), &[&escape(first, Html)?])))
}

/// A text with two values.
#[askama::filter_fn]
pub(crate) fn t2<A: Display, B: Display>(
    text: &'static str,
    _: &dyn Values,
    first: A,
    second: B,
) -> Result<Safe<String>> {
    let values: [&dyn Display; 2] = [&escape(first, Html)?, &escape(second, Html)?];
    Ok(Safe(filled(super::t(text), &values)))
}

/// A text with three values.
#[askama::filter_fn]
pub(crate) fn t3<A: Display, B: Display, C: Display>(
    text: &'static str,
    _: &dyn Values,
    first: A,
    second: B,
    third: C,
) -> Result<Safe<String>> {
    let values: [&dyn Display; 3] = [&escape(first, Html)?, &escape(second, Html)?, &escape(third, Html)?];
    Ok(Safe(filled(super::t(text), &values)))
}

/// A text whose form depends on a number.
#[askama::filter_fn]
pub(crate) fn n<C: Count>(text: &'static str, _: &dyn Values, count: C) -> Result<Safe<String>> {
    let count = count.count();
    Ok(Safe(filled(form(text, count), &[&count])))
}

/// The same with a value more, for `{1}`.
#[askama::filter_fn]
pub(crate) fn n1<C: Count, A: Display>(text: &'static str, _: &dyn Values, count: C, value: A) -> Result<Safe<String>> {
    let count = count.count();
    let values: [&dyn Display; 2] = [&count, &escape(value, Html)?];
    Ok(Safe(filled(form(text, count), &values)))
}

/// A number of things.
pub(crate) trait Count {
    fn count(&self) -> u64;
}

impl Count for u64 {
    fn count(&self) -> u64 {
        *self
    }
}

impl Count for u32 {
    fn count(&self) -> u64 {
        u64::from(*self)
    }
}

impl Count for usize {
    fn count(&self) -> u64 {
        u64::try_from(*self).unwrap_or(u64::MAX)
    }
}

impl<C: Count + ?Sized> Count for &C {
    fn count(&self) -> u64 {
        (**self).count()
    }
}

/// What another part of the house has said.
#[askama::filter_fn]
pub(crate) fn told<A: Display>(said: A, _: &dyn Values) -> Result<String> {
    Ok(super::told(said))
}
