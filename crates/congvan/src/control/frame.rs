//! Frames of the control socket.

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::protocol::{MAX_JSON, MAX_PIECE};

const JSON: u8 = b'J';
const BODY: u8 = b'B';
const END: u8 = b'E';

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

async fn put(out: &mut (impl AsyncWrite + Unpin), tag: u8, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(|_| invalid("a frame longer than 4 GiB"))?;
    out.write_u8(tag).await?;
    out.write_u32_le(len).await?;
    out.write_all(bytes).await
}

async fn take(input: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let tag = input.read_u8().await?;
    let len = input.read_u32_le().await? as usize;
    let most = match tag {
        JSON => MAX_JSON,
        BODY => MAX_PIECE,
        END => 0,
        _ => return Err(invalid("an unknown frame on the control socket")),
    };
    if len > most {
        return Err(invalid("a frame on the control socket is too long"));
    }
    let mut bytes = vec![0; len];
    input.read_exact(&mut bytes).await?;
    Ok((tag, bytes))
}

/// Sends a request or reply.
pub(super) async fn put_json(out: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(value)?;
    put(out, JSON, &bytes).await?;
    out.flush().await
}

/// Receives a request or reply.
pub(super) async fn take_json<T: DeserializeOwned>(input: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    match take(input).await? {
        (JSON, bytes) => Ok(serde_json::from_slice(&bytes)?),
        _ => Err(invalid("a request or reply was due on the control socket")),
    }
}

/// Sends a piece of the body.
pub(super) async fn put_piece(out: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(MAX_PIECE) {
        put(out, BODY, piece).await?;
    }
    Ok(())
}

/// Ends the body.
pub(super) async fn put_end(out: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    put(out, END, &[]).await?;
    out.flush().await
}

/// Receives a piece of the body; `None` at its end.
pub(super) async fn take_piece(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    match take(input).await? {
        (BODY, bytes) => Ok(Some(bytes)),
        (END, _) => Ok(None),
        _ => Err(invalid("a piece of the body was due on the control socket")),
    }
}
