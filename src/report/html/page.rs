use super::view::Page;
use crate::report::Report;
use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{
    Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig, value::Serde,
};
use sha2::{Digest, Sha256};

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The report as one HTML page, readable without network and without JavaScript.
#[must_use]
pub fn html(report: &Report) -> String {
    let page = context! {
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        page => Value::from(Serde(Page::of(report))),
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("these are the delimiters of Jinja"),
    );
    // The name's ending is what turns escaping on.
    environment
        .add_template("report.html", TEMPLATE)
        .expect("the template is a constant, and a test compiles it");
    environment
        .get_template("report.html")
        .and_then(|template| template.render(page))
        .expect("the page has every value that the template names, and a test renders all of it")
}

/// Nothing may be loaded, and of styles and scripts only those in the program count, by their digest.
///
/// Source: Content Security Policy Level 3, "Hash Usage".
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}
