//! Chromium, without a window, and what a clerk does with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use std::net::SocketAddr;

use serde_json::json;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

use crate::office::{PASSWORD, until};

/// An office screen.
pub(crate) const SCREEN: (u32, u32) = (1366, 768);

/// The driver's process; it ends with it.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A browser with a profile of its own.
pub(crate) struct Browser {
    pub(crate) web: WebDriver,
    site: String,
    dir: tempfile::TempDir,
    _driver: Driver,
}

/// Whether there is a browser here; says so where there is none.
pub(crate) fn is_here() -> bool {
    let found =
        |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let here = found("chromedriver").is_ok_and(|status| status.success());
    if !here {
        println!("skipped: Chromium is not here (Debian: apt-get install chromium chromium-driver)");
    }
    here
}

impl Browser {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut driver =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap());
        let driver = Driver(driver);
        let (port, lines) = tokio::task::block_in_place(|| {
            let mut lines = lines.lines().map_while(Result::ok);
            let port = lines
                .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok());
            (port.expect("the driver says its port"), lines)
        });
        // What it says further is not wanted, and must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let mut caps = DesiredCapabilities::chrome();
        for arg in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--lang=vi",
        ] {
            caps.add_arg(arg).unwrap();
        }
        caps.add_arg(&format!("--user-data-dir={}", dir.path().join("profile").display())).unwrap();
        caps.add_arg(&format!("--window-size={},{}", SCREEN.0, SCREEN.1)).unwrap();
        let downloads = json!({ "download.default_directory": dir.path().join("downloads"), "download.prompt_for_download": false });
        caps.add_experimental_option("prefs", downloads).unwrap();
        caps.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let web = WebDriver::new(format!("http://127.0.0.1:{port}"), caps).await.unwrap();
        let browser = Self { web, site: format!("http://{address}"), dir, _driver: driver };
        browser.resize(SCREEN.0, SCREEN.1).await;
        browser
    }

    /// Makes the page, not the window, so large.
    async fn resize(&self, width: u32, height: u32) {
        self.web.set_window_rect(0, 0, width, height).await.unwrap();
        let inner = self.web.execute("return [innerWidth, innerHeight]", vec![]).await.unwrap();
        let [inner_width, inner_height]: [u32; 2] = inner.convert().unwrap();
        self.web.set_window_rect(0, 0, 2 * width - inner_width, 2 * height - inner_height).await.unwrap();
    }

    pub(crate) async fn goto(&self, path: &str) {
        self.web.goto(format!("{}{path}", self.site)).await.unwrap();
        self.check().await;
    }

    /// Where the browser is, without the site.
    pub(crate) async fn place(&self) -> String {
        let url = self.web.current_url().await.unwrap();
        url.as_str().trim_start_matches(&self.site).to_owned()
    }

    /// What must hold of every page: it fits the screen, loads all that it names, and breaks no rule of its own.
    pub(crate) async fn check(&self) {
        let place = self.place().await;
        let width = self.web.execute("return document.documentElement.scrollWidth - innerWidth", vec![]).await.unwrap();
        let over: i64 = width.convert().unwrap();
        assert!(over <= 0, "{place} is {over} pixels wider than the screen");
        let log = self.web.browser_log().await.unwrap();
        let told: Vec<_> = log
            .iter()
            .filter(|entry| !entry.message.contains("Failed to load resource: the server responded with a status of 4"))
            .collect();
        assert!(told.is_empty(), "{place}: {told:?}");
    }

    pub(crate) async fn log_in(&self) {
        self.goto("/").await;
        let typed = format!("{PASSWORD}{}", Key::Enter.value());
        self.keys("vanthu").await;
        self.keys(&Key::Tab.value().to_string()).await;
        self.keys(&typed).await;
        self.arrive("/inbox").await;
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn keys(&self, keys: &str) {
        self.web.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Presses Tab until the focus is on the element that a selector names, as somebody without a mouse does.
    pub(crate) async fn tab_to(&self, selector: &str) {
        for _ in 0..120 {
            let script = "return document.activeElement.matches(arguments[0])";
            if self.web.execute(script, vec![json!(selector)]).await.unwrap().convert::<bool>().unwrap() {
                let outlined = "const style = getComputedStyle(document.activeElement); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2";
                assert!(
                    self.web.execute(outlined, vec![]).await.unwrap().convert::<bool>().unwrap(),
                    "{selector} shows no focus"
                );
                return;
            }
            self.keys(&Key::Tab.value().to_string()).await;
        }
        panic!("Tab does not lead to {selector}");
    }

    /// Waits until the browser is at a place.
    pub(crate) async fn arrive(&self, start: &str) -> String {
        let what = format!("the browser is at {start}");
        let place = until(&what, async || {
            let place = self.place().await;
            let ready = self.web.execute("return document.readyState", vec![]).await.ok()?.convert::<String>().ok()?;
            (place.starts_with(start) && ready == "complete").then_some(place)
        });
        let place = place.await;
        self.check().await;
        place
    }

    /// Waits until a page, loaded anew, says something.
    pub(crate) async fn shows(&self, path: &str, words: &str) {
        until(&format!("{path} shows {words}"), async || {
            self.goto(path).await;
            let text = self.web.find(By::Css("main")).await.unwrap().text().await.unwrap();
            text.contains(words).then_some(())
        })
        .await;
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.web.find(By::Css(selector.to_owned())).await.unwrap();
        element.click().await.unwrap();
    }

    /// Follows the link with these words.
    pub(crate) async fn follow(&self, words: &str) {
        self.web.find(By::PartialLinkText(words.to_owned())).await.unwrap().click().await.unwrap();
    }

    /// Waits for a file that was downloaded.
    pub(crate) async fn downloaded(&self, name: &str) -> Vec<u8> {
        let path: PathBuf = self.dir.path().join("downloads").join(name);
        until(&format!("{name} is downloaded"), async || std::fs::read(&path).ok()).await
    }

    /// The whole page as it is on the screen, at most `height` pixels of it.
    pub(crate) async fn picture(&self, path: &Path, height: u32) {
        self.resize(SCREEN.0, height).await;
        self.web.screenshot(path).await.unwrap();
        self.resize(SCREEN.0, SCREEN.1).await;
    }

    pub(crate) async fn close(self) {
        self.web.clone().quit().await.unwrap();
    }
}
