//! The HTML report in a browser: searched, filtered, unfolded, in both colour schemes, on paper, and without JavaScript.

use crate::{
    Case,
    browser::Browser,
    program::{Serving, folder, wireproof},
};
use serde_json::json;
use std::{
    env, fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
};

pub(crate) const CASES: &[Case] = &[
    (
        "the html report is searched and filtered and unfolded with the keyboard",
        &["chromium"],
        used,
    ),
    (
        "the html report can be read in both colour schemes and on paper",
        &["chromium"],
        looks,
    ),
    (
        "the html report can be read without javascript",
        &["chromium"],
        without_script,
    ),
    (
        "what a hostile server sends does nothing in the html report",
        &["chromium"],
        hostile,
    ),
];

/// The report of a server that deviates, and its folder.
fn report() -> (tempfile::TempDir, PathBuf) {
    let serving = Serving::start([
        "bits-upload",
        "--quirk",
        "stores-past-a-gap",
        "--quirk",
        "omits-the-length-of-acks",
    ]);
    let folder = folder();
    let file = folder.path().join("report.html");
    wireproof([
        "check",
        "bits-upload",
        "--url",
        &serving.url,
        "--can",
        "all",
        "--allow-writes",
        "--only",
        "bits-upload/fragment/gap",
        "--report",
        &format!("html={}", file.display()),
    ])
    .ends(1);
    (folder, file)
}

/// How many entries are to be seen, all and of an outcome.
const VISIBLE: &str = "(outcome) => [...document.querySelectorAll('.entry')]
    .filter((entry) => !entry.closest('[hidden]') && (!outcome || entry.dataset.outcome === outcome)).length";

fn used() {
    let (_folder, file) = report();
    let mut browser = Browser::start();
    browser.open(&file);
    let visible = |browser: &mut Browser, outcome: &str| {
        browser
            .eval(&format!("({VISIBLE})('{outcome}')"))
            .as_u64()
            .unwrap()
    };
    let all = visible(&mut browser, "");
    let broken = visible(&mut browser, "broken");
    assert!(all > 100 && broken > 2 && broken < all, "{broken} of {all}");
    // A key leads to the search; what is typed there leaves what holds it.
    browser.press("/");
    assert_eq!(browser.eval("document.activeElement.id"), "text");
    browser.press("gap-refused");
    let found = visible(&mut browser, "");
    assert!(found > 0 && found < broken, "{found} of {broken}");
    assert_eq!(
        browser.eval("document.getElementById('shown').value"),
        format!("{found} of {all} shown")
    );
    let held =
        "[...document.querySelectorAll('.entry')].filter((entry) => !entry.closest('[hidden]'))
        .every((entry) => entry.textContent.includes('gap-refused'))";
    assert_eq!(browser.eval(held), true);
    browser.press("Escape");
    // What resets the filters is done behind the event: waited for, not timed.
    browser.until(&format!("({VISIBLE})('') === {all}"));
    // Each filter leaves what it names, together what all name.
    let choose = |browser: &mut Browser, name: &str, value: &str| {
        browser.eval(&format!(
            "(() => {{ const select = document.getElementById('{name}'); select.value = '{value}';
               if (select.value !== '{value}') throw new Error('no such choice');
               select.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        ));
    };
    choose(&mut browser, "outcome", "broken");
    assert_eq!(visible(&mut browser, ""), broken);
    choose(&mut browser, "level", "must");
    let must = visible(&mut browser, "");
    assert!(must > 0 && must < broken, "{must} of {broken}");
    choose(&mut browser, "area", "fragment");
    let area = visible(&mut browser, "");
    assert!(area > 0 && area <= must, "{area} of {must}");
    choose(&mut browser, "area", "ping");
    assert!(visible(&mut browser, "") < must);
    browser.eval("document.getElementById('clear').click()");
    browser.until(&format!("({VISIBLE})('') === {all}"));
    // A finding is unfolded with the keyboard: promise, difference and exchange are there.
    let seen = |browser: &mut Browser, what: &str| {
        browser.eval(&format!(
            "document.querySelector('.finding {what}').checkVisibility()"
        ))
    };
    assert_eq!(seen(&mut browser, "pre.request"), false);
    browser.eval("document.querySelector('.finding > summary').focus()");
    browser.press("Enter");
    for part in ["pre.request", "pre.reply", ".sources a", ".actual mark"] {
        assert_eq!(seen(&mut browser, part), true, "{part}");
    }
    // From a clause to its finding, which unfolds it.
    browser.eval("document.getElementById('fold').click()");
    assert_eq!(seen(&mut browser, "pre.request"), false);
    browser.eval("document.querySelector('a.to[href=\"#s1-f1\"]').click()");
    browser.until("document.querySelector('.finding pre.request').checkVisibility()");
    let (asked, told) = browser.asked_and_told();
    assert!(
        asked.iter().all(|url| url.starts_with("file://")),
        "{asked:?}"
    );
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(told.is_empty(), "{told:?}");
}

/// The texts on the page whose contrast is below 4.5, the least that WCAG 2.1 asks for ("Contrast (Minimum)").
const PALE: &str = "(() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => {
        const part = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, a = 1] = channels(getComputedStyle(at).backgroundColor);
            if (a > 0) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const pale = new Set();
    let looked = 0;
    for (const element of document.body.querySelectorAll('*')) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!text || !element.checkVisibility()) continue;
        looked += 1;
        const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) pale.add(`${element.localName}.${element.className} ${ratio.toFixed(2)}`);
    }
    return looked < 100 ? ['too little was looked at'] : [...pale];
})()";

fn looks() {
    let (_folder, file) = report();
    let mut browser = Browser::start();
    browser.open(&file);
    let paper = "getComputedStyle(document.body).backgroundColor";
    let mut papers = Vec::new();
    for scheme in ["light", "dark"] {
        browser.emulate("screen", scheme);
        browser.eval("document.getElementById('unfold').click()");
        papers.push(browser.eval(paper));
        assert_eq!(browser.eval(PALE), json!([]), "{scheme}");
        browser.eval("document.getElementById('fold').click()");
        browser.eval("document.querySelector('.finding').open = true");
        browser.eval("scrollTo(0, 0)");
        keep(&browser.picture(), &format!("{scheme}.png"));
        browser.eval("document.querySelector('.finding').scrollIntoView()");
        keep(&browser.picture(), &format!("{scheme}-finding.png"));
    }
    assert_eq!(papers, ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]);
    // Nothing is wider than the window, on a telephone neither.
    for width in [1200, 360] {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        // The bar for scrolling takes its part of the width.
        assert_eq!(browser.eval("innerWidth"), width);
        let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.eval(wider), 0, "at a width of {width}");
        keep(&browser.picture(), &format!("width-{width}.png"));
    }
    // On paper all is unfolded, and what only a screen needs is gone; the paper is white whatever the screen was.
    browser.eval("document.getElementById('fold').click()");
    let folded = "document.querySelector('.finding pre.reply').checkVisibility()";
    assert_eq!(browser.eval(folded), false);
    browser.emulate("print", "dark");
    assert_eq!(browser.eval(folded), true);
    assert_eq!(
        browser.eval("document.querySelector('.scenarios td').checkVisibility()"),
        true
    );
    assert_eq!(
        browser.eval("document.getElementById('filters').checkVisibility()"),
        false
    );
    assert_eq!(browser.eval(paper), "rgb(255, 255, 255)");
}

/// Keeps a picture where `WIREPROOF_PICTURES` says, for a person to look at.
fn keep(picture: &[u8], name: &str) {
    assert!(picture.starts_with(b"\x89PNG"));
    if let Some(folder) = env::var_os("WIREPROOF_PICTURES") {
        fs::write(Path::new(&folder).join(name), picture).unwrap();
    }
}

fn without_script() {
    let (_folder, file) = report();
    let mut browser = Browser::start();
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    browser.open(&file);
    assert_eq!(
        browser.eval("document.getElementById('filters').checkVisibility()"),
        false
    );
    assert_eq!(
        browser.eval("document.querySelector('.finding summary').checkVisibility()"),
        true
    );
    assert_eq!(
        browser.eval("document.querySelectorAll('.entry[hidden]').length"),
        0
    );
    let seen = "document.querySelector('.finding pre.reply').checkVisibility()";
    assert_eq!(browser.eval(seen), false);
    browser.eval("document.querySelector('.finding > summary').focus()");
    browser.press("Enter");
    assert_eq!(browser.eval(seen), true);
}

/// Answers every request with what a page must not obey, naming a place that only a browser would ask.
fn hostile() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let beacon = TcpListener::bind("127.0.0.1:0").unwrap();
    beacon.set_nonblocking(true).unwrap();
    let lure = format!("http://{}/lure", beacon.local_addr().unwrap());
    let mut body = format!(
        "</pre></script><script>document.title='owned'</script><img src='{lure}' onerror=\"document.title='owned'\">\
         <style>@import '{lure}';</style><link rel=stylesheet href='{lure}'><iframe src='{lure}'></iframe>\
         <svg onload=\"document.title='owned'\"><base href='{lure}'><meta http-equiv=refresh content='0;url={lure}'>\u{1b}[2J\0"
    )
    .into_bytes();
    // Every other reply is no UTF-8.
    let text = body.clone();
    body.extend([0xff, 0xfe, 0xc3, 0x28]);
    thread::spawn(move || {
        for (at, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let mut asked = [0; 4096];
            let _ = connection.read(&mut asked);
            let body = if at % 2 == 0 { &text } else { &body };
            let head = format!(
                "HTTP/1.1 200 <img src=x onerror=alert(1)>\r\nContent-Type: text/html\r\nX-Lure: \"><script>document.title='owned'</script>\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = connection
                .write_all(head.as_bytes())
                .and_then(|()| connection.write_all(body));
        }
    });
    let folder = folder();
    let file = folder.path().join("report.html");
    let url = format!("http://{address}");
    let to = format!("html={}", file.display());
    let ran = wireproof(["check", "examples/greeting", "--url", &url, "--report", &to]).ends(1);
    let page = fs::read_to_string(&file).unwrap();
    assert!(
        page.contains("document.title=&#x27;owned&#x27;"),
        "{}",
        ran.all()
    );
    let mut browser = Browser::start();
    browser.open(&file);
    browser.eval("document.getElementById('unfold').click()");
    let (asked, told) = browser.asked_and_told();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(told.is_empty(), "{told:?}");
    assert!(
        browser
            .eval("document.title")
            .as_str()
            .unwrap()
            .starts_with("wireproof: exit 1")
    );
    let foreign = "document.querySelectorAll('img, iframe, svg, base, link, object, embed').length
        + document.scripts.length + document.querySelectorAll('style').length";
    assert_eq!(browser.eval(foreign), 2, "one script and one style");
    assert!(
        beacon.accept().is_err(),
        "nobody asks the place that was named"
    );
    let shown = "document.querySelector('main').innerText.includes('<img src=')";
    assert_eq!(browser.eval(shown), true, "what was sent is shown");
}
