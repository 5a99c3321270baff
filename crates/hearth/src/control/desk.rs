//! Answers requests by `ops`, whether they came through the socket or from a command that works on
//! the database itself.

use std::pin::Pin;

use ops::{
    Accounts, Acme, Actor, Administrators, Audit, Certificates, Clustering, Groups, Hosts, Logs, OpsError, Password,
    Properties, SecondFactors, Sessions, Tokens,
};

use super::{Answer, Reply, Request, Status};

/// Everything that requests are about.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) acme: Acme,
    pub(crate) accounts: Accounts,
    pub(crate) administrators: Administrators,
    pub(crate) groups: Groups,
    pub(crate) audit: Audit,
    pub(crate) certificates: Certificates,
    pub(crate) hosts: Hosts,
    pub(crate) logs: Logs,
    pub(crate) properties: Properties,
    pub(crate) second_factors: SecondFactors,
    pub(crate) sessions: Sessions,
    pub(crate) clustering: Clustering,
    pub(crate) tokens: Tokens,
    pub(crate) status: Status,
}

/// Sessions told of at a time.
const SESSIONS_PAGE: usize = 1000;

impl Desk {
    /// Does what is asked.
    pub(crate) async fn answer(&self, actor: &Actor, request: Request) -> Reply {
        match self.act(actor, request).await {
            Ok(answer) => Reply::Done(answer),
            Err(error) => Reply::Failed(error.to_string()),
        }
    }

    async fn act(&self, actor: &Actor, request: Request) -> Result<Answer, OpsError> {
        let (accounts, clustering) = (&self.accounts, &self.clustering);
        Ok(match request {
            Request::Status => Answer::Status(self.status.clone()),
            Request::Hosts => Answer::Hosts(later(|| accounts.hosts(actor)).await?),
            Request::HostList => Answer::HostInfos(later(|| self.hosts.list(actor)).await?),
            Request::HostAdd { domain } => {
                later(|| self.hosts.add(actor, &domain)).await?;
                Answer::Nothing
            }
            Request::HostDisable { domain } => {
                later(|| self.hosts.disable(actor, &domain)).await?;
                Answer::Nothing
            }
            Request::HostEnable { domain } => {
                later(|| self.hosts.enable(actor, &domain)).await?;
                Answer::Nothing
            }
            Request::HostDelete { domain } => {
                let ops::HostDeleted { accounts, groups } = later(|| self.hosts.delete(actor, &domain)).await?;
                Answer::HostDeleted { accounts, groups }
            }
            Request::AccountAdd {
                address,
                password,
                allow_lookalike,
            } => {
                let accounts = accounts.meaning_lookalikes(allow_lookalike);
                later(|| accounts.add(actor, &address, &password)).await?;
                Answer::Nothing
            }
            Request::AccountList { page } => Answer::Accounts(later(|| accounts.list(actor, &page)).await?),
            Request::AccountPassword { address, password } => {
                Answer::Closed(later(|| accounts.set_password(actor, &address, &password)).await?)
            }
            Request::AccountLock { address, lock } => {
                Answer::Closed(later(|| accounts.lock(actor, &address, &lock)).await?)
            }
            Request::AccountUnlock { address } => {
                later(|| accounts.unlock(actor, &address)).await?;
                Answer::Nothing
            }
            Request::AccountDelete { address } => Answer::Closed(later(|| accounts.delete(actor, &address)).await?),
            Request::AccountExportPortable { address } => {
                Answer::Document(later(|| accounts.export_portable(actor, &address)).await?)
            }
            Request::AccountImportPortable { xml, allow_lookalikes } => {
                let accounts = accounts.meaning_lookalikes(allow_lookalikes);
                Answer::Imported(later(|| accounts.import_portable(actor, &xml)).await?)
            }
            Request::AccountExport { page } => Answer::Records(later(|| accounts.export(actor, &page)).await?),
            Request::AccountImport {
                records,
                allow_lookalikes,
            } => {
                let accounts = accounts.meaning_lookalikes(allow_lookalikes);
                Answer::Imported(later(|| accounts.import(actor, &records)).await?)
            }
            Request::Group(request) => later(|| request.answer(&self.groups, actor)).await?,
            Request::PropertyList => Answer::Properties(later(|| self.properties.list(actor)).await?),
            Request::PropertyGet { name } => {
                Answer::Property(later(|| self.properties.get(actor, &name)).await?.into())
            }
            Request::PropertySet { name, value, place } => {
                Answer::Property(later(|| self.properties.set(actor, place, &name, &value)).await?.into())
            }
            Request::PropertyUnset { name, place } => {
                Answer::Property(later(|| self.properties.unset(actor, place, &name)).await?.into())
            }
            Request::PropertyEncrypt { name } => {
                Answer::Property(later(|| self.properties.encrypt(actor, &name)).await?.into())
            }
            Request::PropertyHistory { name, limit } => {
                let changes = self.properties.history(actor, name.as_deref(), None, limit);
                Answer::PropertyChanges(changes.await?)
            }
            Request::PropertyUndo { id } => Answer::Property(later(|| self.properties.undo(actor, id)).await?.into()),
            Request::SessionList { after } => Answer::Sessions(self.sessions_after(actor, &after)),
            Request::SessionClose { address, reason } => {
                Answer::Closed(later(|| self.sessions.close(actor, &address, &reason)).await?)
            }
            Request::AdminGrant { address, role } => {
                later(|| self.administrators.grant(actor, &address, &role)).await?;
                Answer::Nothing
            }
            Request::AdminRevoke { address } => {
                later(|| self.administrators.revoke(actor, &address)).await?;
                Answer::Nothing
            }
            Request::AdminRemoveSecondFactor { address } => {
                later(|| self.second_factors.remove(actor, &address)).await?;
                Answer::Nothing
            }
            Request::AdminList => Answer::Administrators(later(|| self.administrators.list(actor)).await?),
            Request::TokenAdd { wish } => {
                let (token, info) = later(|| self.tokens.make(actor, &wish)).await?;
                Answer::Token(Password::new(token), info)
            }
            Request::TokenList => Answer::Tokens(later(|| self.tokens.list(actor)).await?),
            Request::TokenRevoke { name } => {
                later(|| self.tokens.revoke(actor, &name)).await?;
                Answer::Nothing
            }
            Request::CertificateList => Answer::Certificates(later(|| self.certificates.list(actor, None)).await?),
            Request::CertificateImport { wish, everywhere } => {
                Answer::Installed(later(|| self.certificates.import(actor, wish, None, everywhere)).await?)
            }
            Request::CertificateSelfSigned { host } => {
                Answer::Installed(later(|| self.certificates.self_signed(actor, &host, None)).await?)
            }
            Request::CertificateForgetUnreadable => {
                Answer::Forgotten(later(|| self.certificates.forget_unreadable(actor)).await?)
            }
            Request::CertificateAsk { wish } => {
                Answer::Document(later(|| self.certificates.request(actor, wish, None)).await?)
            }
            Request::Acme(request) => later(|| request.answer(&self.acme, actor)).await?,
            Request::ClusterStatus => Answer::ClusterStatus(later(|| clustering.status(actor)).await?.into()),
            Request::ClusterEnable => Answer::ClusterStatus(later(|| clustering.enable(actor)).await?.into()),
            Request::ClusterDisable => Answer::ClusterStatus(later(|| clustering.disable(actor)).await?.into()),
            Request::ClusterNodes => Answer::ClusterNodes(later(|| clustering.nodes(actor)).await?),
            Request::ClusterCaches => Answer::ClusterCaches(clustering.caches(actor)?),
            Request::ClusterDrain { node } => {
                Answer::ClusterNode(later(|| clustering.drain(actor, &node)).await?.into())
            }
        })
    }

    fn sessions_after(&self, actor: &Actor, after: &str) -> Vec<ops::SessionInfo> {
        let mut sessions = self.sessions.list(actor);
        sessions.retain(|session| session.jid.as_str() > after);
        sessions.truncate(SESSIONS_PAGE);
        sessions
    }
}

/// A future in a place of its own. There are many acts, and those of all arms of a `match` at once are too much for a
/// thread's stack where nothing is optimized.
fn later<F: Future>(act: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(act())
}
