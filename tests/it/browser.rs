//! Headless Chromium with one page, driven over its debugging pipe: no port is opened, and no other program is needed.

use crate::program::{find, folder};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser that shows one file; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    child: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    session: Option<String>,
    number: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser with an empty profile, and an empty page.
    pub(crate) fn start() -> Self {
        let profile = folder();
        // The browser reads its orders from descriptor 3 and answers on 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .arg(find("chromium").unwrap())
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (told, from) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while answers
                .read_until(0, &mut message)
                .is_ok_and(|read| read > 0)
            {
                message.pop();
                let value = serde_json::from_slice(&message).unwrap_or_default();
                if told.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            session: None,
            number: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": false }),
        );
        browser
    }

    /// Shows a file, and waits until it is loaded.
    pub(crate) fn open(&mut self, file: &Path) {
        let url = format!("file://{}", file.display());
        let opened = self.call("Page.navigate", json!({ "url": url }));
        assert!(opened.get("errorText").is_none(), "{opened}");
        let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(loaded) {
            let event = self.next();
            self.events.push(event);
        }
        self.events.retain(|event| !loaded(event));
    }

    /// One order, and what it came to.
    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what is given is written out where it is called"
    )]
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut order = json!({ "id": self.number, "method": method, "params": params });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        let to = self.to.as_mut().unwrap();
        to.write_all(format!("{order}\0").as_bytes()).unwrap();
        to.flush().unwrap();
        loop {
            let mut answer = self.next();
            if answer["id"] == json!(self.number) {
                assert!(answer.get("error").is_none(), "{order}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// What an expression of the page comes to.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut result = self.call("Runtime.evaluate", params);
        let threw = result.get("exceptionDetails");
        assert!(threw.is_none(), "{expression}: {threw:?}");
        result["result"]["value"].take()
    }

    /// Waits until an expression of the page is true, as long as the browser may take for anything.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        self.eval(&format!(
            "new Promise((done) => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 10); look(); }})"
        ));
    }

    /// Presses keys as a person does; a name such as `Enter`, or text.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            text => {
                for c in text.chars() {
                    let c = c.to_string();
                    for kind in ["keyDown", "keyUp"] {
                        let text = if kind == "keyDown" { &c } else { "" };
                        let event = json!({ "type": kind, "key": c, "text": text });
                        self.call("Input.dispatchKeyEvent", event);
                    }
                }
                return;
            }
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" && kind == "keyDown" {
                "\r"
            } else {
                ""
            };
            self.call(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "text": text,
                        "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code }),
            );
        }
    }

    /// What the page takes for the medium, and for the colours that its reader likes.
    pub(crate) fn emulate(&mut self, medium: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let params = json!({ "media": medium, "features": features });
        self.call("Emulation.setEmulatedMedia", params);
    }

    /// A picture of what is to be seen, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    /// The URLs that the page asked for so far, and what its console was told.
    pub(crate) fn asked_and_told(&mut self) -> (Vec<String>, Vec<Value>) {
        // What is under way is told before an answer.
        self.eval("new Promise((done) => setTimeout(done, 200))");
        let of = |method: &str| {
            let events = self.events.iter();
            events
                .filter(|event| event["method"] == method)
                .cloned()
                .collect::<Vec<_>>()
        };
        let asked = of("Network.requestWillBeSent")
            .iter()
            .map(|event| {
                event["params"]["request"]["url"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let mut told = of("Runtime.exceptionThrown");
        told.extend(of("Runtime.consoleAPICalled"));
        told.extend(of("Log.entryAdded"));
        (asked, told)
    }

    fn next(&mut self) -> Value {
        let next = self.from.recv_timeout(PATIENCE);
        next.unwrap_or_else(|why| panic!("the browser says nothing more: {why}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when nobody gives orders any more.
        self.to.take();
        let ended = (0..100).any(|_| {
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if !ended {
                crate::program::pause();
            }
            ended
        });
        if !ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
