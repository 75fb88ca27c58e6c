//! Two nodes in one process: one sends a document, the other receives it through a durable consumer.
//!
//! ```sh
//! cargo run --release -p congvan-examples --example send_receive
//! ```

use std::error::Error;

use congvan::core::{AgencyCode, Envelope, Text};
use congvan::view::EventKind;
use congvan::{Node, Outgoing};
use congvan_examples::{CODES, address, network};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let [home, other] = network(dir.path()).await?;

    let receiver = Node::builder(other).listen("/ip4/127.0.0.1/tcp/0").start().await?;
    let sender = Node::builder(home).bootstrap(address(&receiver).await).start().await?;

    let envelope = Envelope { subject: Text::new("Báo cáo công tác tháng 02")?, ..Envelope::default() };
    let to = vec![AgencyCode::new(CODES[1])?];
    let sent = sender.send(Outgoing { to, envelope, ..Outgoing::default() }).await?;
    println!("sent      {} as number {}", sent.entry.id, sent.entry.seq);

    // The cursor of "archive" is on disk: what is not acknowledged comes again after a crash.
    let mut consumer = receiver.consumer("archive")?;
    loop {
        let delivery = consumer.next().await?;
        if let EventKind::Received(document) = &delivery.event.what {
            println!("received  {} from {}: {}", document.summary.id, document.summary.from, document.summary.subject);
            delivery.acknowledge()?;
            break;
        }
        delivery.acknowledge()?;
    }
    sender.shutdown().await;
    receiver.shutdown().await;
    Ok(())
}
