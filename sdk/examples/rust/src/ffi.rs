//! The parts of `belfry/plugin.h` that this sink uses, member by member. The comments of the header apply.
//!
//! Lifetimes stand for "borrowed until the call returns": `'a` in a function's type is the time of one call, so the compiler rejects code
//! that keeps an argument without copying it, or passes text that is freed too early.
//!
//! Never turn a pointer to a struct with a `size` into a reference: the other side may be older, and its struct shorter than the one
//! declared here. `read` makes a copy, and fills the rest with zeros.
#![allow(dead_code)] // some members are here for the layout only

use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::{size_of, MaybeUninit};
use std::ptr;

pub const PLUGIN_MAGIC: u32 = 0x5946_4C42;
pub const ABI_MAJOR: u32 = 1;
pub const ABI_MINOR: u32 = 0;
pub const HOST_HTTP_CLIENT_1: &str = "belfry.host.http-client/1";
pub const HOST_SECRETS_1: &str = "belfry.host.secrets/1";

pub type Ticket = u64;
pub type Status = i32;
pub const OK: Status = 0;
pub const FAILED: Status = 1;

/// belfry_str
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str<'a> {
    ptr: *const u8,
    len: usize,
    text: PhantomData<&'a [u8]>,
}

unsafe impl Sync for Str<'_> {} // like the slice that it stands for

impl<'a> Str<'a> {
    pub const fn new(text: &'a str) -> Str<'a> {
        Str { ptr: text.as_ptr(), len: text.len(), text: PhantomData }
    }

    /// The text must come from `new`, or from the host, which promises that the pointer is valid during the call.
    pub fn bytes(self) -> &'a [u8] {
        if self.len == 0 {
            return &[]; // the pointer may be null, which that of a slice must never be
        }
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }

    /// The host promises UTF-8, except in what a remote sent.
    pub fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

#[repr(C)]
pub struct Writer {
    pub ctx: *mut c_void,
    pub write: Option<unsafe extern "C" fn(ctx: *mut c_void, piece: Str<'_>) -> Status>,
}

#[repr(C)]
pub struct HttpHeader<'a> {
    pub name: Str<'a>,
    pub value: Str<'a>,
}

pub const FINDING_ERROR: u32 = 1;

#[repr(C)]
pub struct Finding<'a> {
    pub size: u32,
    pub severity: u32,
    pub pointer: Str<'a>,
    pub text: Str<'a>,
    pub remedy: Str<'a>,
}

#[repr(C)]
pub struct Findings {
    pub ctx: *mut c_void,
    pub add: Option<unsafe extern "C" fn(ctx: *mut c_void, finding: *const Finding<'_>) -> Status>,
}

pub const DELIVERED: u32 = 1;
pub const RETRY: u32 = 2;
pub const RATE_LIMITED: u32 = 3;
pub const REJECTED: u32 = 4;
pub const MISCONFIGURED: u32 = 5;
pub const OUTCOME_MAYBE_DELIVERED: u32 = 1;
pub const LIMIT_NONE: u32 = 0;
pub const LIMIT_ACCOUNT: u32 = 3;
pub const MAX_DETAIL_BYTES: usize = 1000;
pub const MAX_RETRY_AFTER_MS: u64 = 604_800_000;

#[repr(C)]
pub struct Outcome<'a> {
    pub size: u32,
    pub code: u32,
    pub flags: u32,
    pub http_status: u32,
    pub retry_after_ms: u64,
    pub limit_scope: u32,
    pub reserved: u32,
    pub reason: Str<'a>,
    pub detail: Str<'a>,
    pub receipt_json: Str<'a>,
}

pub const MESSAGE_SENSITIVE: u32 = 2;

#[repr(C)]
pub struct Message<'a> {
    pub size: u32,
    pub attempt: u32,
    pub flags: u32,
    pub reserved: u32,
    pub ticket: Ticket,
    pub deadline_ms: i64,
    pub delivery_id: Str<'a>,
    pub body_json: Str<'a>,
}

pub const EVENT_HTTP: u32 = 1;

#[repr(C)]
pub struct Event {
    pub size: u32,
    pub kind: u32,
    pub ticket: Ticket,
    pub user_data: u64,
    pub payload: *const c_void,
}

#[repr(C)]
pub struct SinkApi {
    pub size: u32,
    pub reserved: u32,
    pub configure: unsafe extern "C" fn(this: *mut c_void, config_json: Str<'_>, findings: *const Findings) -> Status,
    pub start: unsafe extern "C" fn(this: *mut c_void, problem: *const Writer) -> Status,
    pub deliver: unsafe extern "C" fn(this: *mut c_void, message: *const Message<'_>),
    pub abandon: unsafe extern "C" fn(this: *mut c_void, ticket: Ticket),
    pub event: unsafe extern "C" fn(this: *mut c_void, event: *const Event),
    pub stop: unsafe extern "C" fn(this: *mut c_void, done: Ticket, deadline_ms: i64),
    pub destroy: unsafe extern "C" fn(this: *mut c_void),
    pub extension: Option<unsafe extern "C" fn(this: *mut c_void, id: Str<'_>) -> *const c_void>,
}

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_minor: u32,
    pub ctx: *mut c_void,
    pub name: Str<'static>,
    pub version: Str<'static>,
    pub service: Option<unsafe extern "C" fn(ctx: *mut c_void, id: Str<'_>) -> *const c_void>,
    pub complete: Option<unsafe extern "C" fn(ctx: *mut c_void, ticket: Ticket, outcome: *const Outcome<'_>)>,
    pub stopped: Option<unsafe extern "C" fn(ctx: *mut c_void, done: Ticket)>,
    pub cancel: Option<unsafe extern "C" fn(ctx: *mut c_void, ticket: Ticket)>,
    pub wake: Option<unsafe extern "C" fn(ctx: *mut c_void, user_data: u64) -> Ticket>,
}

#[repr(C)]
pub struct Descriptor {
    pub size: u32,
    pub reserved: u32,
    pub type_name: Str<'static>,
    pub title: Str<'static>,
    pub version: Str<'static>,
    pub license: Str<'static>,
    pub config_schema_json: Str<'static>,
    pub must_understand: u64,
    pub access: u64,
    pub services: *const Str<'static>,
    pub optional_services: *const Str<'static>,
    pub service_count: u32,
    pub optional_service_count: u32,
}

unsafe impl Sync for Descriptor {} // immutable, and its pointers lead to statics

#[repr(C)]
pub struct PluginEntry {
    pub size: u32,
    pub magic: u32,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub needs_host_minor: u32,
    pub reserved: u32,
    pub count: extern "C" fn() -> u32,
    pub descriptor: extern "C" fn(index: u32) -> *const Descriptor,
    pub create: unsafe extern "C" fn(type_name: Str<'_>, host: *const Host, this: *mut *mut c_void, api: *mut *const SinkApi) -> Status,
}

#[repr(C)]
pub struct HttpRequest<'a> {
    pub size: u32,
    pub timeout_ms: u32,
    pub on_behalf_of: Ticket,
    pub user_data: u64,
    pub method: Str<'a>,
    pub url: Str<'a>,
    pub headers: *const HttpHeader<'a>,
    pub header_count: u32,
    pub reserved: u32,
    pub body: Str<'a>,
    pub max_response_bytes: u64,
}

pub const HTTP_OK: u32 = 0;
pub const HTTP_INVALID: u32 = 1;
pub const HTTP_TLS: u32 = 4;
pub const HTTP_TIMEOUT: u32 = 5;
pub const HTTP_REQUEST_SENT: u32 = 1;

#[repr(C)]
pub struct HttpResult<'a> {
    pub size: u32,
    pub error: u32,
    pub flags: u32,
    pub status: u32,
    headers: *const HttpHeader<'a>,
    header_count: u32,
    pub reserved: u32,
    pub body: Str<'a>,
    pub error_text: Str<'a>,
}

impl<'a> HttpResult<'a> {
    /// A header is a basic shape, so a slice is sound: its size never changes.
    pub fn headers(&self) -> &'a [HttpHeader<'a>] {
        if self.header_count == 0 {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.headers, self.header_count as usize) }
    }
}

#[repr(C)]
pub struct HttpClient {
    pub size: u32,
    pub reserved: u32,
    pub send: Option<unsafe extern "C" fn(ctx: *mut c_void, request: *const HttpRequest<'_>) -> Ticket>,
}

#[repr(C)]
pub struct Secrets {
    pub size: u32,
    pub reserved: u32,
    pub reveal: Option<unsafe extern "C" fn(ctx: *mut c_void, reference: Str<'_>, out: *const Writer) -> Status>,
    pub add_secret: Option<unsafe extern "C" fn(ctx: *mut c_void, value: Str<'_>)>,
}

// The sizes in plugin.h, version 1.0: a member that is missing or has the wrong type stops the build.
macro_rules! assert_sizes {
    ($($name:ident $size:literal)*) => { $(const _: () = assert!(size_of::<$name>() == $size);)* };
}
assert_sizes! {
    Str 16  Writer 16  HttpHeader 32  Finding 56  Findings 16  Outcome 80  Message 64  Event 32  SinkApi 72  Host 88  Descriptor 128
    PluginEntry 48  HttpRequest 96  HttpResult 64  HttpClient 16  Secrets 24
}

/// A struct of the host that starts with its `size`.
///
/// # Safety
/// It must be valid if all of its bytes are zero: integers, pointers, and optional functions are.
pub unsafe trait Versioned {}
unsafe impl Versioned for Message<'_> {}
unsafe impl Versioned for Event {}
unsafe impl Versioned for Host {}
unsafe impl Versioned for HttpResult<'_> {}
unsafe impl Versioned for HttpClient {}
unsafe impl Versioned for Secrets {}

/// A zero-filled copy of min(size, sizeof) bytes. A function that the other side lacks is `None` in it: where C tests `BELFRY_HAS`, Rust
/// tests `is_some`.
///
/// # Safety
/// `from` must be null, or point to a struct of the other side.
pub unsafe fn read<T: Versioned>(from: *const T) -> T {
    let mut copy = MaybeUninit::<T>::zeroed();
    if !from.is_null() {
        let size = *from.cast::<u32>() as usize;
        ptr::copy_nonoverlapping(from.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), size.min(size_of::<T>()));
    }
    copy.assume_init()
}
