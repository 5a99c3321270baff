//! An account that is deleted, alone or with its host, leaves the record of acts as well, where its address is a detail of what was done: who was
//! added to a group, who was somebody's contact. The acts stay, and so does who did them and what account they were done
//! to: that is what the record is for.

use crate::StorageError;
use crate::db::{Db, Sql, act, args};

/// What stands instead of the address.
pub(crate) const PLACEHOLDER: &str = "(a deleted account)";

/// Entries that are changed in one step.
const AT_A_TIME: i64 = 500;

macro_rules! page {
    ($find:literal) => {
        concat!(
            "SELECT id, value_before, value_after, outcome FROM audit_log WHERE id > ? AND (",
            $find,
            "COALESCE(value_before, ''), ?) > 0 OR ",
            $find,
            "COALESCE(value_after, ''), ?) > 0 OR ",
            $find,
            "COALESCE(outcome, ''), ?) > 0) ORDER BY id LIMIT ?"
        )
    };
}

/// Takes this address, as it is prepared, out of the details of all entries; `@` and a domain: all addresses there.
pub(crate) async fn erase(db: &Db, address: &str) -> Result<(), StorageError> {
    const PAGE: Sql = Sql::of_each(page!("instr("), page!("strpos("), page!("INSTR("));
    const VALUES: &str = "UPDATE audit_log SET value_before = ?, value_after = ? WHERE id = ?";
    // It may be written by the act itself meanwhile.
    const OUTCOME: &str = "UPDATE audit_log SET outcome = ? WHERE id = ? AND outcome = ?";
    // The record is not what an act changes.
    act::outside(async {
        let mut after = i64::MIN;
        loop {
            let values = args![after, address, address, address, AT_A_TIME];
            let rows = db.rows(PAGE, values).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.int(0)?;
            for row in &rows {
                let id = row.int(0)?;
                let values = [row.maybe_text(1)?, row.maybe_text(2)?];
                let [before, value] = values.map(|text| text.map(|text| without(&text, address)));
                db.execute(VALUES, args![before.as_deref(), value.as_deref(), id])
                    .await?;
                if let Some(outcome) = row.maybe_text(3)? {
                    let changed = without(&outcome, address);
                    db.execute(OUTCOME, args![changed.as_str(), id, outcome.as_str()])
                        .await?;
                }
            }
        }
    })
    .await
}

/// The text with the placeholder instead of the address, wherever it is the address and no part of another one. Of a
/// domain's addresses the localpart goes with it.
fn without(text: &str, address: &str) -> String {
    let is_any = address.starts_with('@');
    let (mut result, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(place) = rest.find(address) {
        let (before, from) = rest.split_at(place);
        let behind = &from[address.len()..];
        result.push_str(before);
        let name = result.chars().rev().take_while(|character| is_of_a_name(*character));
        let name_bytes: usize = name.map(char::len_utf8).sum();
        if (name_bytes > 0) == is_any && !goes_on(behind) {
            result.truncate(result.len() - name_bytes);
            result.push_str(PLACEHOLDER);
        } else {
            result.push_str(address);
        }
        rest = behind;
    }
    result.push_str(rest);
    result
}

/// Whether a localpart may go on before this (RFC 7622 §3.3.1: but for these, nearly everything is of a name).
fn is_of_a_name(character: char) -> bool {
    !character.is_whitespace() && !"\"&'/:<>@()[],;=".contains(character)
}

/// Whether a domain goes on here.
fn goes_on(behind: &str) -> bool {
    let mut characters = behind.chars();
    match characters.next() {
        Some('.') => characters.next().is_some_and(char::is_alphanumeric),
        Some(character) => character.is_alphanumeric() || character == '-',
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{PLACEHOLDER, without};

    #[test]
    fn an_address_goes_where_it_is_whole() {
        let all = |text: &str| text.replace('#', PLACEHOLDER);
        for (text, expected) in [
            ("eve@x.test", "#"),
            (
                "refused: there is no account eve@x.test",
                "refused: there is no account #",
            ),
            ("eve@x.test as \"Eve\" in A", "# as \"Eve\" in A"),
            ("<eve@x.test>, eve@x.test/phone.", "<#>, #/phone."),
            ("with eve@x.test.", "with #."),
            ("steve@x.test", "steve@x.test"),
            ("ann.eve@x.test", "ann.eve@x.test"),
            ("eve@x.test.org", "eve@x.test.org"),
            ("eve@x.test-2.org", "eve@x.test-2.org"),
            ("eve@x.testing", "eve@x.testing"),
            ("eve@x.test,eve@x.test", "#,#"),
            ("", ""),
        ] {
            assert_eq!(without(text, "eve@x.test"), all(expected), "{text}");
        }
    }

    #[test]
    fn all_addresses_of_a_domain_go_and_no_others() {
        let all = |text: &str| text.replace('#', PLACEHOLDER);
        for (text, expected) in [
            (
                "eve@x.test, bob@y.test and ann@x.test/phone",
                "#, bob@y.test and #/phone",
            ),
            (
                "refused: there is no account é.v-e@x.test.",
                "refused: there is no account #.",
            ),
            ("eve@x.test.org", "eve@x.test.org"),
            ("eve@sub.x.test at x.test", "eve@sub.x.test at x.test"),
            ("nobody: @x.test", "nobody: @x.test"),
        ] {
            assert_eq!(without(text, "@x.test"), all(expected), "{text}");
        }
    }
}
