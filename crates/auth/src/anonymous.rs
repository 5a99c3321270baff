//! Logging in by ANONYMOUS: a name for as long as the stream lasts, and nothing that is remembered (XEP-0175).

use protocol::Jid;
use protocol::sasl::{Failure, anonymous};

use crate::exchange::Exchange;
use crate::{Authenticated, random};

/// So long that nobody can guess the address of another guest, and no account ever had it.
const NAME_BYTES: usize = 16;

impl Exchange {
    pub(crate) fn anonymous(&self, message: &[u8]) -> Result<Authenticated, Failure> {
        anonymous::check(message)?;
        let name = random::bytes::<NAME_BYTES>(&*self.inner.random);
        let localpart: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let jid = Jid::from_parts(Some(&localpart), &self.binding.host, None);
        Ok(self.guest(jid.expect("hexadecimal digits are a localpart, and the host is prepared")))
    }
}
