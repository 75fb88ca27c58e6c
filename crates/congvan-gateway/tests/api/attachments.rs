//! Attachments, whole and in parts.

use axum::body::Bytes;
use hyper::Method;
use serde_json::json;

use crate::network::{Pair, TTTT};

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_broke_off() {
    let pair = Pair::new().await;
    let client = &pair.clients[0];
    // Several chunks, the last one short; sealed, a chunk holds a little less than 64 KiB.
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    for public in [false, true] {
        let document = json!({"to": [TTTT], "subject": "x", "public": public});
        let files: [(&str, &str, &[u8]); 2] =
            [("Tờ trình.pdf", "application/pdf", &bytes), ("rong.txt", "text/plain", b"")];
        let sent = client.send(None, &document, &files).await.is(201).json();
        let numbered = |number| format!("/api/v1/documents/{}/attachments/{number}", sent["id"].as_str().unwrap());
        let path = numbered(0);
        let ask = async |headers: &[(&str, &str)]| client.call(Method::GET, &path, headers, Bytes::new()).await;

        let whole = client.get(&path).await.is(200);
        assert_eq!(whole.body, bytes);
        assert_eq!(whole.header("content-type"), "application/pdf");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert!(whole.header("content-disposition").ends_with("''T%E1%BB%9D%20tr%C3%ACnh.pdf"));
        let tag = whole.header("etag").to_owned();
        let head = client.call(Method::HEAD, &path, &[], Bytes::new()).await.is(200);
        assert_eq!((head.header("content-length"), head.header("etag"), head.body.len()), ("200000", &*tag, 0));

        for (first, last) in
            [(0, 0), (0, 199_999), (65_519, 65_520), (65_535, 65_536), (65_536, 131_100), (199_999, 199_999)]
        {
            let part = ask(&[("range", &format!("bytes={first}-{last}"))]).await.is(206);
            assert_eq!(part.body, bytes[first..=last], "{first}-{last}");
            assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/200000"));
        }
        assert_eq!(ask(&[("range", "bytes=150000-")]).await.is(206).body, bytes[150_000..]);
        assert_eq!(ask(&[("range", "bytes=-70000")]).await.is(206).body, bytes[130_000..]);
        let beyond = ask(&[("range", "bytes=200000-")]).await;
        assert_eq!(beyond.header("content-range"), "bytes */200000");
        beyond.problem(416, "range");
        ask(&[("range", "bytes=0-1,5-6")]).await.is(200);
        assert!(ask(&[("if-none-match", &tag)]).await.is(304).body.is_empty());
        ask(&[("if-none-match", "\"other\"")]).await.is(200);
        ask(&[("range", "bytes=0-1"), ("if-range", &tag)]).await.is(206);
        ask(&[("range", "bytes=0-1"), ("if-range", "\"other\"")]).await.is(200);

        let empty = numbered(1);
        assert!(client.get(&empty).await.is(200).body.is_empty());
        client.call(Method::GET, &empty, &[("range", "bytes=0-")], Bytes::new()).await.problem(416, "range");
        client.get(&numbered(2)).await.problem(404, "not-found");
    }
    pair.stop().await;
}
