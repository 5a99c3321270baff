//! Answers requests by `ops`, whether they came through the socket or from a command that works on
//! the database itself.

use ops::{
    Accounts, Actor, Administrators, Audit, Certificates, Clustering, Groups, Hosts, Logs, OpsError, Password,
    Properties, SecondFactors, Sessions, Tokens,
};

use super::{Answer, Reply, Request, Status};

/// Everything that requests are about.
#[derive(Clone)]
pub(crate) struct Desk {
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
            Request::Hosts => Answer::Hosts(accounts.hosts(actor).await?),
            Request::HostList => Answer::HostInfos(self.hosts.list(actor).await?),
            Request::HostAdd { domain } => {
                self.hosts.add(actor, &domain).await?;
                Answer::Nothing
            }
            Request::HostDisable { domain } => {
                Box::pin(self.hosts.disable(actor, &domain)).await?;
                Answer::Nothing
            }
            Request::HostEnable { domain } => {
                Box::pin(self.hosts.enable(actor, &domain)).await?;
                Answer::Nothing
            }
            Request::HostDelete { domain } => {
                let ops::HostDeleted { accounts, groups } = Box::pin(self.hosts.delete(actor, &domain)).await?;
                Answer::HostDeleted { accounts, groups }
            }
            Request::AccountAdd { address, password } => {
                accounts.add(actor, &address, &password).await?;
                Answer::Nothing
            }
            Request::AccountList { page } => Answer::Accounts(accounts.list(actor, &page).await?),
            Request::AccountPassword { address, password } => {
                Answer::Closed(accounts.set_password(actor, &address, &password).await?)
            }
            Request::AccountLock { address, lock } => Answer::Closed(accounts.lock(actor, &address, &lock).await?),
            Request::AccountUnlock { address } => {
                accounts.unlock(actor, &address).await?;
                Answer::Nothing
            }
            Request::AccountDelete { address } => Answer::Closed(accounts.delete(actor, &address).await?),
            Request::AccountExportPortable { address } => {
                Answer::Document(accounts.export_portable(actor, &address).await?)
            }
            Request::AccountImportPortable { xml } => Answer::Imported(accounts.import_portable(actor, &xml).await?),
            Request::AccountExport { page } => Answer::Records(accounts.export(actor, &page).await?),
            Request::AccountImport { records } => Answer::Imported(accounts.import(actor, &records).await?),
            Request::PropertyList => Answer::Properties(self.properties.list(actor).await?),
            Request::PropertyGet { name } => Answer::Property(self.properties.get(actor, &name).await?.into()),
            Request::PropertySet { name, value, place } => {
                Answer::Property(self.properties.set(actor, place, &name, &value).await?.into())
            }
            Request::PropertyUnset { name, place } => {
                Answer::Property(self.properties.unset(actor, place, &name).await?.into())
            }
            Request::PropertyEncrypt { name } => {
                Answer::Property(Box::pin(self.properties.encrypt(actor, &name)).await?.into())
            }
            Request::PropertyHistory { name, limit } => {
                let changes = self.properties.history(actor, name.as_deref(), None, limit);
                Answer::PropertyChanges(changes.await?)
            }
            Request::PropertyUndo { id } => Answer::Property(self.properties.undo(actor, id).await?.into()),
            Request::SessionList { after } => Answer::Sessions(self.sessions_after(actor, &after)),
            Request::SessionClose { address, reason } => {
                Answer::Closed(self.sessions.close(actor, &address, &reason).await?)
            }
            Request::AdminGrant { address, role } => {
                self.administrators.grant(actor, &address, &role).await?;
                Answer::Nothing
            }
            Request::AdminRevoke { address } => {
                self.administrators.revoke(actor, &address).await?;
                Answer::Nothing
            }
            Request::AdminRemoveSecondFactor { address } => {
                self.second_factors.remove(actor, &address).await?;
                Answer::Nothing
            }
            Request::AdminList => Answer::Administrators(self.administrators.list(actor).await?),
            Request::TokenAdd { wish } => {
                let (token, info) = self.tokens.make(actor, &wish).await?;
                Answer::Token(Password::new(token), info)
            }
            Request::TokenList => Answer::Tokens(self.tokens.list(actor).await?),
            Request::TokenRevoke { name } => {
                self.tokens.revoke(actor, &name).await?;
                Answer::Nothing
            }
            Request::CertificateList => Answer::Certificates(Box::pin(self.certificates.list(actor, None)).await?),
            Request::CertificateImport { wish, everywhere } => {
                Answer::Installed(Box::pin(self.certificates.import(actor, wish, None, everywhere)).await?)
            }
            Request::CertificateSelfSigned { host } => {
                Answer::Installed(Box::pin(self.certificates.self_signed(actor, &host, None)).await?)
            }
            Request::CertificateAsk { wish } => {
                Answer::Document(Box::pin(self.certificates.request(actor, wish, None)).await?)
            }
            Request::ClusterStatus => Answer::ClusterStatus(clustering.status(actor).await?.into()),
            Request::ClusterEnable => Answer::ClusterStatus(clustering.enable(actor).await?.into()),
            Request::ClusterDisable => Answer::ClusterStatus(clustering.disable(actor).await?.into()),
            Request::ClusterNodes => Answer::ClusterNodes(clustering.nodes(actor).await?),
            Request::ClusterCaches => Answer::ClusterCaches(clustering.caches(actor)?),
            Request::ClusterDrain { node } => Answer::ClusterNode(clustering.drain(actor, &node).await?.into()),
        })
    }

    fn sessions_after(&self, actor: &Actor, after: &str) -> Vec<ops::SessionInfo> {
        let mut sessions = self.sessions.list(actor);
        sessions.retain(|session| session.jid.as_str() > after);
        sessions.truncate(SESSIONS_PAGE);
        sessions
    }
}
