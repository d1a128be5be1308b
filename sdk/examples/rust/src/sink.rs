//! The sink: posts each message, as the JSON document that it is (sdk/message.schema.json), to one URL.
//!
//! There is no unsafe code here, and no lock: the host never makes two calls into a sink at once, nor one from inside the sink's own call
//! into the host. That is why each function may take `&mut self`.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use crate::ffi::{self, HttpHeader, Message, Str, Ticket};
use crate::host::Host;
use crate::json;
use crate::outcome::Outcome;

pub const CONFIG_SCHEMA: &str = r#"{
  "type": "object",
  "required": ["url"],
  "additionalProperties": false,
  "properties": {
    "url": { "type": "string", "pattern": "^https?://", "description": "where messages are posted" },
    "token": { "type": "string", "x-secret": true, "description": "sent as a bearer token" }
  }
}"#;

pub struct Sink {
    pub host: Host,
    url: String,
    token: String, // a reference, which the host reveals at each use; empty: none
    /// The open requests, by `user_data`. The map owns the boxes, so ending a request frees its state, whichever call does it.
    open: HashMap<u64, Box<Request>>,
}

struct Request {
    delivery: Ticket,
}

pub struct Problem {
    pub pointer: &'static str,
    pub text: String,
    pub remedy: &'static str,
}

// Calls may come from any thread, one after the other. A member that must stay on one thread, such as an Rc, fails to compile here.
const _: fn() = || {
    fn assert_send<T: Send>() {}
    assert_send::<Sink>();
};

impl Sink {
    pub fn new(host: Host) -> Sink {
        Sink { host, url: String::new(), token: String::new(), open: HashMap::new() }
    }

    /// The host has validated the configuration against the schema: "url" is a string, and "token" is one or is absent.
    pub fn configure(&mut self, config_json: &str) -> Result<(), Problem> {
        let text = |name| json::member(config_json, name).and_then(json::string).unwrap_or_default();
        self.url = text("url");
        self.token = text("token");
        if !self.token.is_empty() && !self.url.starts_with("https://") {
            let text = "the token would be sent in plain text".into();
            return Err(Problem { pointer: "/url", text, remedy: "begin the address with https://" });
        }
        Ok(())
    }

    pub fn start(&mut self) -> Result<(), String> {
        self.host.find_services().map_err(|id| format!("this gateway does not offer {}", id))
    }

    /// An outcome if the delivery has already ended; otherwise it ends with the event of its request.
    pub fn deliver(&mut self, message: &Message) -> Option<Outcome> {
        if forbidden_here(message) {
            return Some(Outcome::new(ffi::REJECTED, "sensitive_to_shared", "sensitive message for a shared destination"));
        }
        let authorization = match self.authorization() {
            Ok(value) => value,
            Err(outcome) => return Some(outcome),
        };
        let mut headers = vec![
            HttpHeader { name: Str::new("Content-Type"), value: Str::new("application/json") },
            HttpHeader { name: Str::new("Idempotency-Key"), value: message.delivery_id },
        ];
        if !authorization.is_empty() {
            headers.push(HttpHeader { name: Str::new("Authorization"), value: Str::new(&authorization) });
        }
        // The address of the box identifies the request: it is unique while the request is open, and does not change when the box is moved.
        let request = Box::new(Request { delivery: message.ticket });
        let user_data = &*request as *const Request as u64;
        if self.host.post(&self.url, &headers, message.body_json, message.ticket, user_data) == 0 {
            return Some(Outcome::new(ffi::RETRY, "too_many_requests", "the gateway does not take more requests"));
        }
        self.open.insert(user_data, request);
        None
    }

    /// The delivery whose request has ended; `None` if there is no such request.
    pub fn take(&mut self, user_data: u64) -> Option<Ticket> {
        self.open.remove(&user_data).map(|request| request.delivery)
    }

    /// The request was made on behalf of the delivery, so the host has ended it too. Any other would have to be cancelled here.
    pub fn abandon(&mut self, delivery: Ticket) {
        self.open.retain(|_, request| request.delivery != delivery);
    }

    /// Drops what is open. A sink may also wait for the responses, until the deadline of stop().
    pub fn stop(&mut self, done: Ticket) {
        let unanswered = Outcome { maybe_delivered: true, ..Outcome::new(ffi::RETRY, "stopping", "no response before the sink stopped") };
        for (_, request) in self.open.drain() {
            self.host.complete(request.delivery, &unanswered);
        }
        self.host.stopped(done);
    }

    fn authorization(&self) -> Result<String, Outcome> {
        if self.token.is_empty() {
            return Ok(String::new());
        }
        let unknown = || Outcome::new(ffi::MISCONFIGURED, "secret_unknown", "the gateway does not have the token");
        let token = self.host.reveal(&self.token).ok_or_else(unknown)?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Outcome::new(ffi::MISCONFIGURED, "bad_token", "the token has a character that a header must not have"));
        }
        Ok("Bearer ".to_owned() + &token)
    }
}

/// A sensitive message is only for a person, unless the route allows more.
fn forbidden_here(message: &Message) -> bool {
    if message.flags & ffi::MESSAGE_SENSITIVE == 0 {
        return false;
    }
    let body = message.body_json.text();
    let audience = json::member(&body, "destination").and_then(|destination| json::member(destination, "audience"));
    audience != Some("\"direct\"") && json::member(&body, "allow_sensitive") != Some("true")
}
