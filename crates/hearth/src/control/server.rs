//! The server's end of the control socket.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use nix::unistd::{Uid, User};
use ops::Actor;
use tokio::{
    io::BufReader,
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Desk, Reply, Request,
    frame::{self, FrameError},
};

/// Listens for commands.
pub(crate) struct ControlServer {
    listener: UnixListener,
}

/// Commands at a time; others wait.
const CONNECTIONS_MAX: usize = 16;

/// A command that is silent for so long has died. An import may think this long about a batch.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

impl ControlServer {
    /// Listens at `path`, in a data directory that is held: what is there is left from an ended server.
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener })
    }

    /// Answers until `stop`, then finishes what was begun.
    pub(crate) async fn serve(self, desk: Desk, stop: CancellationToken) {
        let desk = Arc::new(desk);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let open = TaskTracker::new();
        while let Some(Ok(place)) = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await {
            let stream = match stop.run_until_cancelled(self.listener.accept()).await {
                None => break,
                Some(Ok((stream, _))) => stream,
                Some(Err(error)) => {
                    tracing::warn!(%error, "a command could not be heard");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (desk, stop) = (Arc::clone(&desk), stop.clone());
            open.spawn(async move {
                let _place = place;
                if let Err(error) = converse(stream, &desk, &stop).await {
                    tracing::debug!(%error, "a command went away");
                }
            });
        }
        open.close();
        open.wait().await;
    }
}

async fn converse(stream: UnixStream, desk: &Desk, stop: &CancellationToken) -> Result<(), FrameError> {
    let Some(actor) = actor(&stream) else { return Ok(()) };
    let mut stream = BufReader::new(stream);
    loop {
        let next = tokio::time::timeout(IDLE_TIMEOUT, frame::read::<Request>(&mut stream));
        let Some(Ok(read)) = stop.run_until_cancelled(next).await else {
            return Ok(());
        };
        let reply = match read {
            // In a box: all acts are in it.
            Ok(Some(request)) => Box::pin(desk.answer(&actor, request)).await,
            Ok(None) => return Ok(()),
            // Another version's command, most likely: it should know why it gets nothing.
            Err(error @ FrameError::Foreign(_)) => Reply::Failed(format!("the running server got {error}")),
            Err(error) => return Err(error),
        };
        frame::write(&mut stream, &reply).await?;
    }
}

/// Who is at the other end: this server's own user or root, nobody else.
fn actor(stream: &UnixStream) -> Option<Actor> {
    let uid = Uid::from_raw(stream.peer_cred().ok()?.uid());
    if !uid.is_root() && uid != Uid::effective() {
        tracing::warn!(%uid, "a command of another user was refused");
        return None;
    }
    Some(local(uid))
}

/// The actor that a user of this machine is.
pub(crate) fn local(uid: Uid) -> Actor {
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    Actor::Local {
        user: name.unwrap_or_else(|| uid.to_string()),
    }
}
