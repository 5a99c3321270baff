//! The PROXY protocol, versions 1 and 2 (haproxy.org, doc/proxy-protocol.txt): a balancer tells whose connection this is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The twelve bytes that no text protocol begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, its end included.
const LONGEST_LINE: usize = 107;
/// The most that we read of version 2's addresses and extensions: the standard asks for 520 at least.
const LONGEST_BODY: usize = 2048;

/// What is wrong with a header.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyError {
    #[error("it begins like neither version")]
    NotProxy,
    #[error("version 1: {0}")]
    Line(&'static str),
    #[error("version 2: {0}")]
    Binary(&'static str),
    #[error("the balancer hung up: {0}")]
    Socket(#[from] std::io::Error),
}

/// Reads the header and not a byte more. `None`: the balancer speaks for itself, as in a health check.
pub(super) async fn read(socket: &mut TcpStream) -> Result<Option<SocketAddr>, ProxyError> {
    // No header of either version is shorter than this, so that these twelve are never the client's.
    let mut start = [0; SIGNATURE.len()];
    socket.read_exact(&mut start).await?;
    if start == SIGNATURE {
        return read_binary(socket).await;
    }
    if start.starts_with(b"PROXY ") {
        return read_line(socket, start).await;
    }
    Err(ProxyError::NotProxy)
}

async fn read_line(socket: &mut TcpStream, start: [u8; 12]) -> Result<Option<SocketAddr>, ProxyError> {
    let mut line = [0; LONGEST_LINE];
    line[..start.len()].copy_from_slice(&start);
    let mut length = start.len();
    // Look first, then take: everything up to the end of the line is ours, everything behind it is the client's.
    while line[length - 1] != b'\n' {
        let seen = socket.peek(&mut line[length..]).await?;
        if seen == 0 {
            return Err(ProxyError::Line("it has no end"));
        }
        let fresh = &line[length..length + seen];
        let ours = fresh.iter().position(|byte| *byte == b'\n').map_or(seen, |end| end + 1);
        length += socket.read(&mut line[length..length + ours]).await?;
    }
    parse_line(&line[..length])
}

async fn read_binary(socket: &mut TcpStream) -> Result<Option<SocketAddr>, ProxyError> {
    let mut fixed = [0; 4];
    socket.read_exact(&mut fixed).await?;
    let [command, family, high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST_BODY {
        return Err(ProxyError::Binary("it is too long"));
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    parse_binary(command, family, &body)
}

/// `PROXY TCP4 192.0.2.7 198.51.100.1 50000 5222\r\n`
fn parse_line(line: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    let line = line
        .strip_suffix(b"\r\n")
        .ok_or(ProxyError::Line("it does not end with CR LF"))?;
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Line("it is not ASCII"))?;
    let mut words = line.split(' ').skip(1);
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        return Ok(None);
    }
    let mut next = || words.next().ok_or(ProxyError::Line("a part is missing"));
    let (source, destination) = (next()?, next()?);
    let (source_port, destination_port) = (port(next()?)?, next()?);
    port(destination_port)?;
    if words.next().is_some() {
        return Err(ProxyError::Line("something follows the ports"));
    }
    let source = match family {
        "TCP4" => IpAddr::V4(same_family::<Ipv4Addr>(source, destination)?),
        "TCP6" => IpAddr::V6(same_family::<Ipv6Addr>(source, destination)?),
        _ => return Err(ProxyError::Line("its protocol is not TCP4, TCP6 or UNKNOWN")),
    };
    Ok(Some(SocketAddr::new(source, source_port)))
}

fn same_family<A: FromStr>(source: &str, destination: &str) -> Result<A, ProxyError> {
    let parse = |text: &str| {
        text.parse::<A>()
            .map_err(|_| ProxyError::Line("an address does not fit its protocol"))
    };
    parse(destination)?;
    parse(source)
}

fn port(text: &str) -> Result<u16, ProxyError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse()
        .ok()
        .filter(|_| plain)
        .ok_or(ProxyError::Line("a port is no number from 0 to 65535"))
}

fn parse_binary(command: u8, family: u8, body: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    match command {
        0x20 => return Ok(None), // LOCAL: the balancer's own connection, whatever the rest says.
        0x21 => {}
        _ if command >> 4 != 2 => return Err(ProxyError::Binary("its version is not 2")),
        _ => return Err(ProxyError::Binary("its command is neither LOCAL nor PROXY")),
    }
    match family {
        0x00 | 0x31 => Ok(None), // Unspecified, or a Unix socket: somebody without an IP address.
        0x11 => Ok(Some(addresses::<4>(body, |ip| IpAddr::from(*ip))?)),
        0x21 => Ok(Some(addresses::<16>(body, |ip| IpAddr::from(*ip))?)),
        _ => Err(ProxyError::Binary("its transport is not TCP")),
    }
}

/// Source, destination, source port, destination port; then extensions, which we do not need.
fn addresses<const N: usize>(body: &[u8], ip: impl Fn(&[u8; N]) -> IpAddr) -> Result<SocketAddr, ProxyError> {
    const SHORT: ProxyError = ProxyError::Binary("its addresses are cut off");
    let (source, rest) = body.split_first_chunk::<N>().ok_or(SHORT)?;
    let (_destination, rest) = rest.split_first_chunk::<N>().ok_or(SHORT)?;
    let (ports, _extensions) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
    Ok(SocketAddr::new(ip(source), u16::from_be_bytes([ports[0], ports[1]])))
}
