//! A proof is checked by the reader's own browser: what holds is said to hold, and whatever was altered is refused by name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use congvan::Node;
use congvan::archive::FrameReader;
use congvan::bundle::COMPACT;
use congvan::core::bundle::{Checker, Frame};
use congvan::core::{EntryId, Roster, merkle};
use congvan_gateway::ConsoleOptions;
use serde_json::{Value, json};

use crate::browser::faint;
use crate::chromium::{self, Browser};
use crate::http::Client;
use crate::office::{self, FINANCE, Pair, letter, until};

/// The page's own modules, called with `arguments[0]`.
const MODULES: &str = r#"
    const given = arguments[0];
    const sources = [document.querySelector("script[type=module]").src];
    for (const source of sources) {
        const text = await (await fetch(source)).text();
        for (const [, path] of text.matchAll(/from "(\/assets\/[^"]+)"/g)) if (!sources.includes(path)) sources.push(path);
    }
    const load = (name) => import(sources.find((source) => source.includes(`/assets/${name}-`)));
    const [{ read }, { judge, chainsOf }, { holds }, blake3, merkle, bytes] =
        await Promise.all(["proof", "judge", "signature", "blake3", "merkle", "bytes"].map(load));
    const { hex, unhex } = bytes;
    const verdict = async (text, roster) => {
        try {
            await judge(read(text), roster);
            return "good";
        } catch (error) {
            return error instanceof bytes.Malformed ? "text" : error.part ?? `${error}`;
        }
    };
"#;

/// Runs a script with the page's modules; it returns what it found.
pub(crate) async fn with_modules(browser: &Browser, script: &str, given: Value) -> Value {
    let script = format!(
        "const args = arguments; (async function () {{ {MODULES} return await (async () => {{ {script} }})(); }}).apply(null, args)\
         .then(args[args.length - 1], (error) => args[args.length - 1]('failed: ' + error.stack));"
    );
    browser.web.execute_async(script, vec![given]).await.unwrap().json().clone()
}

/// The proof of a document under a witnessed checkpoint.
async fn witnessed(node: &Node, id: &str) -> String {
    until("the document is witnessed", async || {
        node.document(id).ok()?.proof.cover.filter(|cover| cover.witnessed).map(drop)
    })
    .await;
    node.prove_compactly(id).unwrap()
}

/// Two offices, the proof of a document of the province's that lies some way under its checkpoint, its id, and the proof of
/// another.
async fn proven() -> (Pair, [String; 2], String) {
    let pair = Pair::witnessed().await;
    let mut sent = Vec::new();
    for number in 1..=5 {
        let letter = letter(FINANCE, &format!("Công văn thứ {number}"), b"%PDF-1.4");
        let id = pair.province.node.send(letter).await.unwrap().entry.id.to_string();
        sent.push((witnessed(&pair.province.node, &id).await, id));
    }
    let deep = sent.iter().position(|(text, _)| hashes_of(&frame_of(text)) > 1).unwrap();
    let (text, id) = sent.swap_remove(deep);
    until("it is at both offices", async || pair.finance.node.document(&id).ok()).await;
    (pair, [text, sent.swap_remove(0).0], id)
}

/// How many hashes lead to the root.
fn hashes_of(frame: &[u8]) -> usize {
    usize::from(frame[373])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_gives_the_browser_the_roster_and_nothing_to_anybody_else() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let sent = office.node.send(letter(FINANCE, "Báo cáo", b"%PDF-1.4")).await.unwrap();
    let mut client = Client::new(office.address);
    for path in ["/check", "/check/roster?chains="] {
        client.get(path).await.leads_to("/login?next=");
    }
    client.log_in("lanhdao", crate::office::PASSWORD).await.leads_to("/");
    client.get("/check").await.is(200).has("Trang này cần JavaScript").has("data-word=\"genuine\"");
    let text = office.node.prove_compactly(&sent.entry.id.to_string()).unwrap();
    client
        .get(&format!("/documents/{}", sent.entry.id))
        .await
        .has(&format!("href=\"/check#{text}\""))
        .has(">Sao chép<");

    let chain = sent.entry.chain.to_string();
    let answer = client.get(&format!("/check/roster?chains={chain}")).await;
    let roster: Value = serde_json::from_str(&answer.is(200).text()).unwrap();
    assert_eq!(roster["network"], office.node.ledger().network().to_string());
    let agency = &roster["agencies"][0];
    assert_eq!((&agency["chain"], &agency["code"]), (&json!(chain), &json!(office::PROVINCE)));
    assert_eq!(agency["keys"].as_array().unwrap().len(), 1);
    assert_eq!((&agency["keys"][0]["from"], &agency["limit"]), (&json!("1"), &Value::Null));

    let others = |count: usize| (0..count).map(|n| format!("{n:064x}")).collect::<Vec<_>>().join(",");
    let mut ask = async |chains: String| client.get(&format!("/check/roster?chains={chains}")).await.status;
    assert_eq!(ask(others(65)).await, 200);
    assert_eq!(ask(others(66)).await, 400);
    for none in ["", "abc", &format!("{chain},"), &"0".repeat(65)] {
        assert_eq!(ask(none.to_owned()).await, 400, "{none}");
    }
    assert_eq!(client.get("/check/roster").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_has_a_proof_checked_by_the_browser_and_the_text_goes_nowhere() {
    if !chromium::is_here() {
        return;
    }
    let (pair, [text, _], id) = proven().await;
    let number = pair.finance.node.document(&id).unwrap().summary.number;
    assert!(text.len() < 2_000, "{} characters", text.len());
    let browser = Browser::open(pair.finance.address).await;
    browser.log_in().await;

    // From the document's page, with one press.
    browser.goto(&format!("/documents/{id}")).await;
    browser.click("#proof details summary").await;
    browser.follow("Kiểm bằng trình duyệt").await;
    browser.arrive("/check#congvan-proof:").await;
    let said = verdict(&browser, "good").await;
    for words in [
        &format!("Văn bản thật: số {number} trong sổ của UBND tỉnh Thái Nguyên (000.00.00.H55)"),
        "Văn bản có chậm nhất từ",
        "Sở Tài chính đã chứng kiến (mạng yêu cầu 1)",
        "Văn bản nói gì và gửi đến ai: đoạn này không nêu.",
        "đó là lời của nơi gửi.",
        "Mạng yêu cầu 1 trong 1 cơ quan chứng kiến",
        "Mạng Thái Nguyên có mã",
    ] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    assert_eq!(faint(&browser).await, Vec::<String>::new());
    browser.check().await;
    browser.follow("Tìm văn bản này trên máy").await;
    browser.arrive(&format!("/documents/{id}")).await;

    // Pasted, by keyboard alone, in the other language; broken into lines as mail programs do.
    browser.goto("/language/en?back=%2Fcheck").await;
    browser.arrive("/check").await;
    browser.tab_to("textarea#proof").await;
    let lines: Vec<_> = text.as_bytes().chunks(72).map(|line| std::str::from_utf8(line).unwrap()).collect();
    browser.keys(&lines.join(" ")).await;
    browser.tab_to("#judge").await;
    browser.keys("\u{e007}").await;
    let said = verdict(&browser, "good").await;
    let genuine = format!("It is genuine: number {number} of UBND tỉnh Thái Nguyên (000.00.00.H55)");
    assert!(said.contains(&genuine), "{said}");
    assert!(said.contains("Not proven") && said.contains("Taken from this machine's roster"), "{said}");
    let focused = browser.web.execute("return document.activeElement.id", vec![]).await.unwrap();
    assert_eq!(focused.convert::<String>().unwrap(), "verdict");

    // What the browser asked for: the pages' own files, and the keys of two agencies.
    let script = "return performance.getEntriesByType('resource').map((entry) => entry.name)";
    let asked: Vec<String> = browser.web.execute(script, vec![]).await.unwrap().convert().unwrap();
    assert!(asked.iter().any(|url| url.contains("/check/roster?chains=")), "{asked:?}");
    assert!(asked.iter().all(|url| !url.contains(&text[40..60])), "{asked:?}");

    // A proof that does not hold, another network's, and a browser that cannot check.
    let wrong = text.replacen(&text[60..64], if &text[60..64] == "AAAA" { "BBBB" } else { "AAAA" }, 1);
    let said = pasted(&browser, &wrong, "bad").await;
    assert!(said.contains("The proof does not hold") && said.contains("Copy all of it again."), "{said}");
    assert_eq!(faint(&browser).await, Vec::<String>::new());
    let (other, _dir) = office::alone(ConsoleOptions::default()).await;
    let foreign = other.node.send(letter(FINANCE, "Của mạng khác", b"%PDF-1.4")).await.unwrap();
    let foreign = other.node.prove_compactly(&foreign.entry.id.to_string()).unwrap();
    let said = pasted(&browser, &foreign, "bad").await;
    assert!(said.contains("The document belongs to another network"), "{said}");
    let old = "crypto.subtle.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))";
    browser.web.execute(old, vec![]).await.unwrap();
    assert!(pasted(&browser, &text, "unable").await.contains("Chrome or Edge from 137"));
    let insecure = "Object.defineProperty(globalThis, 'crypto', { value: {} })";
    browser.web.execute(insecure, vec![]).await.unwrap();
    assert!(pasted(&browser, &text, "unable").await.contains("only on pages that come by https"));
    browser.close().await;
}

/// What the page says, once it has this outcome.
async fn verdict(browser: &Browser, outcome: &str) -> String {
    let selector = format!("#verdict[data-outcome={outcome}]");
    let what = format!("the verdict is {outcome}");
    let found = until(&what, async || browser.web.find(thirtyfour::By::Css(selector.clone())).await.ok()).await;
    found.text().await.unwrap()
}

async fn pasted(browser: &Browser, text: &str, outcome: &str) -> String {
    let paste = "document.getElementById('verdict').dataset.outcome = ''; document.getElementById('proof').value = arguments[0]";
    browser.web.execute(paste, vec![json!(text)]).await.unwrap();
    browser.click("#judge").await;
    verdict(browser, outcome).await
}

/// The frame in a text.
fn frame_of(text: &str) -> Vec<u8> {
    let file = BASE64URL.decode(text.strip_prefix(COMPACT).unwrap()).unwrap();
    let len = u32::from_le_bytes(file[8..12].try_into().unwrap()) as usize;
    file[12..12 + len].to_vec()
}

/// A text with this frame, right in all but what the frame says: as somebody would make it who means to deceive.
pub(crate) fn text_of(frame: &[u8]) -> String {
    let framed = [&(frame.len() as u32).to_le_bytes(), frame].concat();
    let digest = blake3::derive_key("congvan v1 proof bundle", &framed);
    let end = [&6u32.to_le_bytes()[..], &1u64.to_le_bytes(), &digest].concat();
    let file = [b"cvproof\x01", &framed[..], &(end.len() as u32).to_le_bytes(), &end].concat();
    format!("{COMPACT}{}", BASE64URL.encode(file))
}

/// Whether our own checker finds a text good.
fn holds(text: &str, roster: &Roster) -> bool {
    let Some(Ok(file)) = text.strip_prefix(COMPACT).map(|text| BASE64URL.decode(text)) else { return false };
    let Ok(mut frames) = FrameReader::<_, Frame>::new(file.as_slice()) else { return false };
    let mut checker = Checker::with_roster(roster.clone());
    let mut taken = || -> Option<()> {
        while let Some(frame) = frames.next_frame().ok()? {
            checker.take(frame).ok()?;
        }
        Some(())
    };
    taken().is_some() && checker.finish().is_ok()
}

/// What a changed byte of the frame may be called. Behind the entry the places follow from the numbers of hashes and words.
fn region(at: usize, hashes: usize) -> (&'static str, &'static [&'static str]) {
    let after = 381 + 32 * hashes;
    match at {
        0..12 => ("frame", &["text"]),
        12..195 => ("header", &["text", "network", "agency", "key", "signature"]),
        195..259 => ("signature", &["signature"]),
        259..261 => ("presence", &["text"]),
        // Which key signed the checkpoint: with the same key at that number, the same is proven.
        261..269 => ("at", &["place", "text", "good"]),
        269..309 => ("checkpoint", &["place", "checkpoint", "text"]),
        309..373 => ("checkpoint's signature", &["checkpoint"]),
        373..381 => ("inclusion's length", &["text"]),
        _ if at < after => ("inclusion", &["inclusion"]),
        _ if at < after + 17 => ("lengths", &["text"]),
        _ => ("witness", &["witness"]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_altered_proof_is_refused_by_the_browser_and_the_part_named() {
    if !chromium::is_here() {
        return;
    }
    let (pair, [text, other], _) = proven().await;
    let (frame, foreign) = (frame_of(&text), frame_of(&other));
    let hashes = hashes_of(&frame);
    assert_eq!(text_of(&frame), text);

    let mut cases = vec![(text.clone(), "good"), (format!(" {}\n", text.replace('A', "A\r\n")), "good")];
    // What came with copying, or was altered by somebody who did not think of the digest.
    let file = text.len() - COMPACT.len();
    for at in 0..file {
        let mut letters: Vec<char> = text.chars().collect();
        let letter = &mut letters[COMPACT.len() + at];
        *letter = if *letter == 'x' { 'y' } else { 'x' };
        cases.push((letters.into_iter().collect(), "text"));
    }
    for cut in [1, COMPACT.len(), COMPACT.len() + 1, text.len() / 2, text.len() - 1] {
        cases.push((text[..cut].to_owned(), "text"));
    }
    cases.extend(
        [format!("{text}A"), format!("x{text}"), format!("{text}="), text.replacen(':', ";", 1)]
            .map(|text| (text, "text")),
    );
    // The document under another's checkpoint, or with another's signature.
    let mix = |from: usize, to: usize| [&frame[..from], &foreign[from..to], &frame[to..]].concat();
    cases.push((text_of(&mix(195, 259)), "signature"));
    cases.push((text_of(&[&frame[..261], &foreign[261..]].concat()), "inclusion"));
    // Nothing covers it: that is no fault, and proves less.
    cases.push((text_of(&[&frame[..260], &[0]].concat()), "good"));
    // Words of witnesses twice: none counts twice, and none is refused.
    let words = 381 + 32 * hashes + 9;
    let twice = [&frame[..words], &2u64.to_le_bytes(), &frame[words + 8..], &frame[words + 8..]].concat();
    cases.push((text_of(&twice), "good"));
    // With a key of the content that is not there, which our own checker passes over; with something behind.
    let keyed = text_of(&[&frame[..259], &[1], &[7; 32], &frame[260..]].concat());
    cases.push((keyed.clone(), "text"));
    cases.push((text_of(&[&frame[..], &[0]].concat()), "text"));

    let mut regions = Vec::new();
    for at in 0..frame.len() {
        let mut altered = frame.clone();
        altered[at] ^= 1 << (at % 8);
        regions.push((text_of(&altered), region(at, hashes)));
    }

    let browser = Browser::open(pair.finance.address).await;
    browser.log_in().await;
    browser.goto("/check").await;
    let script = "const roster = await (await fetch('/check/roster?chains=' + chainsOf(read(given[0])).join())).json();
        const found = [];
        for (const text of given) found.push(await verdict(text, roster));
        return found;";
    let texts: Vec<_> = cases.iter().map(|(text, _)| text).chain(regions.iter().map(|(text, _)| text)).collect();
    let found = with_modules(&browser, script, json!(texts)).await;
    let found: Vec<String> = serde_json::from_value(found).unwrap();
    assert_eq!(found.len(), texts.len());
    for ((text, expected), found) in cases.iter().zip(&found) {
        assert_eq!(found, expected, "{text}");
    }
    let mut refused = 0;
    for (at, ((_, (region, parts)), found)) in regions.iter().zip(&found[cases.len()..]).enumerate() {
        assert!(parts.contains(&found.as_str()), "byte {at}, of the {region}, is called {found}");
        refused += usize::from(found != "good");
    }
    assert!(refused > 500, "{refused}");
    // Our own checker says the same of every one.
    let roster = pair.finance.node.ledger().roster();
    for (text, found) in texts.iter().zip(&found).filter(|(text, _)| **text != &keyed) {
        let plain: String = text.split_whitespace().collect();
        assert_eq!(holds(&plain, &roster), found == "good", "{found}: {text}");
    }

    // The roster decides: each of its rules is held.
    let script = "const proof = read(given); const names = chainsOf(proof); const { number } = proof.entry;
        const found = {};
        for (const [part, change] of Object.entries({
            good: () => {},
            network: (roster) => (roster.network = '00'.repeat(32)),
            agency: (roster, agency) => (agency.code = 'H55'),
            key: (roster, agency) => (agency.keys = [{ from: String(number + 1n), key: agency.keys[0].key }]),
            limit: (roster, agency) => (agency.limit = String(number - 1n)),
            pinned: (roster, agency) => (agency.pins = [{ number: String(number), id: '00'.repeat(32) }]),
            pin: (roster, agency) => (agency.pins = [{ number: '1', id: '00'.repeat(32) }]),
            quarantined: (roster, agency) => (agency.quarantined = String(number)),
            checkpoint: (roster, agency) => agency.keys.push({ from: String(proof.cover.at), key: '00'.repeat(32) }),
            witness: (roster) => roster.agencies.splice(roster.agencies.findIndex(({ chain }) => chain === names[1]), 1),
        })) {
            const roster = await (await fetch('/check/roster?chains=' + names.join())).json();
            change(roster, roster.agencies.find(({ chain }) => chain === names[0]));
            found[part] = await verdict(given, roster);
        }
        const roster = await (await fetch('/check/roster?chains=' + names.join())).json();
        roster.witnesses = [names[0]];
        found.unnamed = (await judge(proof, roster)).cover.existed === null ? 'unnamed' : 'counted';
        roster.witnesses = [names[1]];
        const existed = (await judge(proof, roster)).cover.existed;
        found.existed = existed > 1700000000n && existed < 4000000000n ? 'existed' : `${existed}`;
        return found;";
    let found = with_modules(&browser, script, json!(text)).await;
    for (part, found) in found.as_object().unwrap_or_else(|| panic!("{found}")) {
        assert_eq!(found, part);
    }
    browser.close().await;
}

/// A file of `docs/vectors`.
fn vectors(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The root over the first leaves of the vectors' tree.
fn root(size: u64) -> String {
    let id =
        |index: u64| EntryId::from_bytes(std::array::from_fn(|i| index.to_le_bytes().get(i).copied().unwrap_or(0)));
    merkle::root_of((0..size).map(|index| merkle::leaf_hash(&id(index)))).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_computes_is_what_the_vectors_say() {
    if !chromium::is_here() {
        return;
    }
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let browser = Browser::open(office.address).await;
    browser.log_in().await;
    browser.goto("/check").await;
    let agree = |found: Value| assert_eq!(found, json!([]));

    let script = "const wrong = [];
        for (const { len, id } of given.blobs.blobs)
            if (hex(blake3.hash(Uint8Array.from({ length: len }, (_, i) => i % 251))) !== id) wrong.push(len);
        for (const entry of given.chain.entries) {
            const bytes = unhex(entry.hex).subarray(0, 247);
            if (hex(blake3.deriveKey('congvan v1 entry id', bytes)) !== entry.id) wrong.push(entry.id);
        }
        for (const { code, chain } of given.names.agencies) {
            const bytes_ = bytes.joined(unhex(given.names.network), code);
            if (hex(blake3.deriveKey('congvan v1 agency chain id', bytes_)) !== chain) wrong.push(code);
        }
        return wrong;";
    let given =
        json!({ "blobs": vectors("blobs.json"), "chain": vectors("chain.json"), "names": vectors("names.json") });
    agree(with_modules(&browser, script, given).await);

    // Every length around the edges of blocks, chunks and halves, in both modes.
    let lengths = (0..=130).chain(1000..=1050).chain([2047, 2048, 2049, 3072, 3073, 4096, 5121, 8191, 31_744, 100_000]);
    let digests = lengths.map(|len: usize| {
        let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        json!([len, blake3::hash(&bytes).to_hex().to_string(), hex::encode(blake3::derive_key("a context", &bytes))])
    });
    let script = "const wrong = [];
        for (const [len, plain, derived] of given) {
            const bytes = Uint8Array.from({ length: len }, (_, i) => i % 251);
            if (hex(blake3.hash(bytes)) !== plain || hex(blake3.deriveKey('a context', bytes)) !== derived) wrong.push(len);
        }
        return wrong;";
    agree(with_modules(&browser, script, digests.collect()).await);

    let script = "const wrong = [];
        for (const { name, key, message, signature, verdict } of given) {
            const found = await holds(unhex(key), unhex(message), unhex(signature)).catch(() => false);
            if (found !== (verdict === 'valid')) wrong.push(name);
        }
        return wrong;";
    agree(with_modules(&browser, script, vectors("signatures.json")).await);

    let script = "const wrong = [];
        const roots = new Map(given.roots.map(({ size, root }) => [size, unhex(root)]));
        const tree = (size) => ({ size: BigInt(size), root: roots.get(size) });
        const leaf = (index) => merkle.leafOf(Uint8Array.from({ length: 32 }, (_, i) => (i < 8 ? (index / 256 ** i) & 255 : 0)));
        const variants = (proof) => [[...proof, new Uint8Array(32)], ...proof.flatMap((_, i) =>
            [proof.toSpliced(i, 1), proof.with(i, proof[i].map((byte) => byte ^ 1))])];
        for (const { index, size, proof } of given.inclusion) {
            const ask = async (proof) => merkle.isIncluded(proof, BigInt(index), BigInt(size), await leaf(index), roots.get(size));
            const hashes = proof.map(unhex);
            if (!(await ask(hashes))) wrong.push(`inclusion ${index} of ${size}`);
            for (const other of variants(hashes)) if (await ask(other)) wrong.push(`altered ${index} of ${size}`);
        }
        for (const { before, after, proof } of given.consistency) {
            if (before === 0) continue;
            const ask = (proof) => merkle.isContinued(proof, tree(before), tree(after));
            const hashes = proof.map(unhex);
            if (!(await ask(hashes))) wrong.push(`consistency ${before} to ${after}`);
            for (const other of variants(hashes)) if (await ask(other)) wrong.push(`altered ${before} to ${after}`);
        }
        return wrong;";
    let mut trees = vectors("checkpoints.json");
    trees["roots"] = (1..=300).map(|size| json!({ "size": size, "root": root(size) })).collect();
    agree(with_modules(&browser, script, trees).await);
    browser.close().await;
}
