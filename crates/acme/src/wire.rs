//! How authorities are asked: over HTTPS and nothing else, no redirect followed, each request bounded in time and size.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response, Uri,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A request and its answer, from the look-up of the name on.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer at most: chains are some KiB.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Nobody waits longer for an authority, whatever it says.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(8 * 24 * 3600);

/// A way to ask. Clones are the same.
#[derive(Clone)]
pub(crate) struct Wire {
    tls: Arc<ClientConfig>,
    /// How long the last answer that was an error wants us to wait.
    retry_after: Arc<Mutex<Option<Duration>>>,
}

type Outcome<T> = Result<T, Error>;

impl Wire {
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            retry_after: Arc::default(),
        }
    }

    /// How long the last answer wants us to wait, if it was an error that says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        *self.retry_after.lock()
    }

    /// What is at this address.
    pub(crate) async fn get(&self, url: &str) -> Outcome<Bytes> {
        let request = Request::get(url).body(BodyWrapper::<Bytes>::default())?;
        let answer = self.send(request).await?;
        if !answer.status().is_success() {
            return Err(other(format!("{url} answers {}", answer.status())));
        }
        Ok(answer.into_body())
    }

    async fn send(&self, request: Request<BodyWrapper<Bytes>>) -> Outcome<Response<Bytes>> {
        let uri = request.uri().clone();
        *self.retry_after.lock() = None;
        let sent = tokio::time::timeout(TIMEOUT, self.exchange(request)).await;
        let silent = |_| other(format!("{} did not answer within 30 s", place(&uri)));
        let (parts, body) = sent.map_err(silent)??.into_parts();
        let is_error = parts.status.is_client_error() || parts.status.is_server_error();
        let retry_after = parts.headers.get(RETRY_AFTER).filter(|_| is_error);
        *self.retry_after.lock() = retry_after.and_then(|value| wait(value, SystemTime::now()));
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if is_error && !kind.is_some_and(|kind| kind.contains("json")) {
            return Err(other(format!("{} answers {}", place(&uri), parts.status)));
        }
        Ok(Response::from_parts(parts, body))
    }

    async fn exchange(&self, mut request: Request<BodyWrapper<Bytes>>) -> Outcome<Response<Bytes>> {
        let uri = request.uri().clone();
        let (Some("https"), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(other(format!("{uri} is no https address")));
        };
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let at = |what: &str, error: &dyn std::fmt::Display| other(format!("{what} {}: {error}", place(&uri)));
        let stream = TcpStream::connect((name.as_str(), uri.port_u16().unwrap_or(443)))
            .await
            .map_err(|error| at("no connection to", &error))?;
        let name = ServerName::try_from(name).map_err(|error| at("no name of a server:", &error))?;
        let stream = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name, stream)
            .await
            .map_err(|error| at("no TLS with", &error))?;
        let host = HeaderValue::from_str(place(&uri)).map_err(|error| at("no name of a server:", &error))?;
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = path(&uri)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| at("no HTTP with", &error))?;
        let exchange = async {
            let (parts, body) = sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX)
                .collect()
                .await
                .map_err(io::Error::other);
            Ok((parts, body))
        };
        // The connection goes with what it was made for. It may end before the answer was read that it brought; where it
        // brought none, the exchange says so.
        let drive = async {
            let _ = connection.await;
            std::future::pending::<Infallible>().await
        };
        let answer: Result<_, hyper::Error> = tokio::select! {
            answer = exchange => answer,
            never = drive => match never {},
        };
        let (parts, body) = answer.map_err(|error| at("no answer from", &error))?;
        let body = body.map_err(|error| at("no whole answer from", &error))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

impl HttpClient for Wire {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Outcome<BytesResponse>> + Send>> {
        let wire = self.clone();
        Box::pin(async move { Ok(wire.send(request).await?.map(Full::new).into()) })
    }
}

/// Host and port, as they stand in the address.
fn place(uri: &Uri) -> &str {
    uri.authority().map_or("nobody", |authority| authority.as_str())
}

/// What is asked for there.
fn path(uri: &Uri) -> Outcome<Uri> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok(path.parse()?)
}

fn other(why: String) -> Error {
    Error::Other(why.into())
}

/// Seconds or a date (RFC 9110 §10.2.3), bounded.
fn wait(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?,
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &'static str, expected: Option<u64>) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let found = wait(&HeaderValue::from_static(text), now);
        assert_eq!(found, expected.map(Duration::from_secs), "{text}");
    }

    #[test]
    fn an_authority_is_left_alone_for_as_long_as_it_says() {
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sun, 06 Nov 1994 08:48:37 GMT", None);
        check("99999999999", Some(8 * 24 * 3600));
        check("soon", None);
        check("-1", None);
    }
}
