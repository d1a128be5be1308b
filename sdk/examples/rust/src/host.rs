//! Safe functions for what the sink needs from the host. All `unsafe` calls into the host are in this file.

use std::ffi::c_void;
use std::mem::size_of;

use crate::ffi;
use crate::outcome::Outcome;

pub struct Host {
    table: ffi::Host,
    http: ffi::HttpClient,
    secrets: ffi::Secrets,
}

// The host calls a sink from changing threads, one at a time. Its tables and `ctx` may be used from each of them.
unsafe impl Send for Host {}

impl Host {
    /// `None` if a function is missing that version 1.0 requires.
    ///
    /// # Safety
    /// `raw` must be the argument of create().
    pub unsafe fn new(raw: *const ffi::Host) -> Option<Host> {
        let table = ffi::read(raw);
        table.service.and(table.complete).and(table.stopped).and(table.cancel).and(table.wake)?;
        // Empty until start(), so that every request before it is refused.
        Some(Host { table, http: ffi::read(std::ptr::null()), secrets: ffi::read(std::ptr::null()) })
    }

    /// To be called in start(). Fails with the id of a service that this host does not have.
    pub fn find_services(&mut self) -> Result<(), &'static str> {
        unsafe {
            self.http = ffi::read(self.service(ffi::HOST_HTTP_CLIENT_1).cast());
            self.secrets = ffi::read(self.service(ffi::HOST_SECRETS_1).cast());
        }
        self.http.send.ok_or(ffi::HOST_HTTP_CLIENT_1)?;
        self.secrets.reveal.ok_or(ffi::HOST_SECRETS_1)?;
        Ok(())
    }

    fn service(&self, id: &str) -> *const c_void {
        self.table.service.map_or(std::ptr::null(), |service| unsafe { service(self.table.ctx, ffi::Str::new(id)) })
    }

    pub fn complete(&self, ticket: ffi::Ticket, outcome: &Outcome) {
        let raw = ffi::Outcome {
            size: size_of::<ffi::Outcome>() as u32,
            code: outcome.code,
            flags: if outcome.maybe_delivered { ffi::OUTCOME_MAYBE_DELIVERED } else { 0 },
            http_status: outcome.http_status,
            retry_after_ms: outcome.retry_after_ms.min(ffi::MAX_RETRY_AFTER_MS),
            limit_scope: outcome.limit_scope,
            reserved: 0,
            reason: ffi::Str::new(outcome.reason),
            detail: ffi::Str::new(shortened(&outcome.detail, ffi::MAX_DETAIL_BYTES)),
            receipt_json: ffi::Str::new(""),
        };
        if let Some(complete) = self.table.complete {
            unsafe { complete(self.table.ctx, ticket, &raw) }
        }
    }

    pub fn stopped(&self, done: ffi::Ticket) {
        if let Some(stopped) = self.table.stopped {
            unsafe { stopped(self.table.ctx, done) }
        }
    }

    /// The ticket of the request; 0 if the host takes no more. The arguments are only borrowed for the call.
    pub fn post(&self, url: &str, headers: &[ffi::HttpHeader], body: ffi::Str, on_behalf_of: ffi::Ticket, user_data: u64) -> ffi::Ticket {
        let request = ffi::HttpRequest {
            size: size_of::<ffi::HttpRequest>() as u32,
            timeout_ms: 0, // until shortly before the deadline of the delivery
            on_behalf_of,
            user_data,
            method: ffi::Str::new("POST"),
            url: ffi::Str::new(url),
            headers: headers.as_ptr(),
            header_count: headers.len() as u32,
            reserved: 0,
            body,
            max_response_bytes: 0,
        };
        self.http.send.map_or(0, |send| unsafe { send(self.table.ctx, &request) })
    }

    /// The current value of a secret; `None` if the host does not have it.
    pub fn reveal(&self, reference: &str) -> Option<String> {
        let mut value = Vec::new();
        let writer = ffi::Writer { ctx: (&mut value as *mut Vec<u8>).cast(), write: Some(append) };
        let status = self.secrets.reveal.map_or(ffi::FAILED, |reveal| unsafe { reveal(self.table.ctx, ffi::Str::new(reference), &writer) });
        if status != ffi::OK {
            return None;
        }
        String::from_utf8(value).ok()
    }
}

/// The host calls this during reveal(), so panics must be caught here too.
unsafe extern "C" fn append(ctx: *mut c_void, piece: ffi::Str<'_>) -> ffi::Status {
    match crate::guard(|| (*ctx.cast::<Vec<u8>>()).extend_from_slice(piece.bytes())) {
        Ok(()) => ffi::OK,
        Err(_) => ffi::FAILED,
    }
}

/// Not longer than `max` bytes, and not cut inside a character.
fn shortened(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
