//! One message per direction of a stream: a 4-byte little-endian length, then that many bytes of the
//! one canonical encoding.

use std::io;
use std::marker::PhantomData;

use congvan_core::Wire;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;

/// Carries `Q` one way and `R` back. A request comes in as a `Result`, for libp2p keeps a request that
/// failed to be read to itself, and we want to know whose it was.
pub(crate) struct Frames<Q, R>(PhantomData<fn() -> (Q, R)>);

impl<Q, R> Default for Frames<Q, R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Q, R> Clone for Frames<Q, R> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<Q, R> Codec for Frames<Q, R>
where
    Q: Wire + Send + 'static,
    R: Wire + Send + 'static,
{
    type Protocol = StreamProtocol;
    type Request = io::Result<Q>;
    type Response = R;

    async fn read_request<T>(&mut self, _: &Self::Protocol, io: &mut T) -> io::Result<io::Result<Q>>
    where
        T: AsyncRead + Unpin + Send,
    {
        Ok(read(io).await)
    }

    async fn read_response<T>(&mut self, _: &Self::Protocol, io: &mut T) -> io::Result<R>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &Self::Protocol, io: &mut T, message: io::Result<Q>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, message.and_then(|message| frame(&message))).await
    }

    async fn write_response<T>(&mut self, _: &Self::Protocol, io: &mut T, message: R) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, frame(&message)).await
    }
}

/// Reads one message. `InvalidData` means that the peer broke the protocol; any other error is the line's.
async fn read<M: Wire>(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<M> {
    let mut len = [0; 4];
    io.read_exact(&mut len).await?;
    let len = u32::from_le_bytes(len) as usize;
    if len > M::MAX {
        let reason = format!("{} of {len} bytes; at most {} are allowed", M::NAME, M::MAX);
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    // Grows with what arrives, not with what the length claims.
    let mut bytes = Vec::new();
    io.take(len as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    M::from_bytes(&bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

/// The bytes of one message on the wire.
fn frame<M: Wire>(message: &M) -> io::Result<Vec<u8>> {
    let bytes = message.to_bytes();
    match u32::try_from(bytes.len()) {
        Ok(len) if bytes.len() <= M::MAX => Ok([len.to_le_bytes().as_slice(), &bytes].concat()),
        _ => {
            let reason = format!("{} of {} bytes; at most {} are allowed", M::NAME, bytes.len(), M::MAX);
            Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
        }
    }
}

/// Writes one message.
async fn write(io: &mut (impl AsyncWrite + Unpin + Send), frame: io::Result<Vec<u8>>) -> io::Result<()> {
    io.write_all(&frame?).await?;
    io.flush().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use congvan_core::ChainId;
    use congvan_sync::{Request, Response};
    use futures::executor::block_on;
    use futures::io::Cursor;

    use super::*;

    fn framed(len: u32, body: &[u8]) -> Vec<u8> {
        [len.to_le_bytes().as_slice(), body].concat()
    }

    fn kind<M: Wire + std::fmt::Debug>(bytes: &[u8]) -> io::ErrorKind {
        block_on(read::<M>(&mut Cursor::new(bytes))).unwrap_err().kind()
    }

    #[test]
    fn a_message_comes_back_as_it_went() {
        let request = Request::Proof(ChainId::from_bytes([3; 32]));
        let mut wire = Cursor::new(Vec::new());
        block_on(write(&mut wire, frame(&request))).unwrap();
        let bytes = wire.into_inner();
        assert_eq!(bytes, framed(36, &request.to_bytes()));
        assert_eq!(block_on(read::<Request>(&mut Cursor::new(bytes))).unwrap(), request);
    }

    #[test]
    fn a_length_over_the_bound_is_refused_before_a_byte_of_it_is_read() {
        let mut io = Cursor::new(framed(Request::MAX as u32 + 1, &vec![0; Request::MAX + 1]));
        assert_eq!(block_on(read::<Request>(&mut io)).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(io.position(), 4);
        assert_eq!(kind::<Response>(&framed(u32::MAX, &[])), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_length_at_the_bound_is_read_and_then_judged() {
        // All zeros: `Heads` of an empty list, and bytes left over.
        let mut io = Cursor::new(framed(Request::MAX as u32, &vec![0; Request::MAX]));
        assert_eq!(block_on(read::<Request>(&mut io)).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(io.position(), 4 + Request::MAX as u64);
    }

    #[test]
    fn garbage_is_the_peers_fault_and_a_cut_the_lines() {
        assert_eq!(kind::<Request>(&framed(4, &[9, 9, 9, 9])), io::ErrorKind::InvalidData);
        assert_eq!(kind::<Request>(&framed(0, &[])), io::ErrorKind::InvalidData);
        assert_eq!(kind::<Request>(&framed(36, &[2, 0, 0, 0])), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind::<Request>(&[1, 0]), io::ErrorKind::UnexpectedEof);
    }
}
