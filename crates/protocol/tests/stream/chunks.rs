//! However the bytes are cut, the frames are the same.

use proptest::prelude::*;
use protocol::{
    ns,
    stream::{Limits, Tokenizer},
};

use super::{describe, generator};

/// Frames of bytes that are cut at these places.
fn frames(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut tokenizer = Tokenizer::new(ns::CLIENT, Limits::client());
    let mut frames = Vec::new();
    let (mut rest, mut done) = (bytes, 0);
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        let (mut part, after) = rest.split_at(cut - done);
        (rest, done) = (after, cut);
        loop {
            match tokenizer.next(&mut part) {
                Ok(Some(frame)) => frames.push(describe(&frame)),
                Ok(None) => break,
                Err(error) => {
                    frames.push(format!("{error:?}"));
                    break;
                }
            }
        }
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_make_no_difference(
        bytes in generator::damaged(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(frames(&bytes, &cuts), frames(&bytes, &[]));
    }
}
