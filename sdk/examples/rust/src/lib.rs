//! A sink for Belfry in Rust, without any crate: everything that is not in the standard library is declared in `ffi`.
//!
//! - `lib.rs`: the functions that the host calls. Each one keeps panics inside, and turns C arguments into Rust.
//! - `ffi.rs`, `host.rs`: the contract, and safe functions on top of it. Your own sink can use them as they are, with more services.
//! - `sink.rs`, `outcome.rs`, `json.rs`: this sink. They contain no unsafe code.
//!
//! In Rust, keep in mind:
//! - A panic must not cross into the host. Every function that may panic runs inside `guard`, including those that the host receives as an
//!   argument. An overflowing stack, or memory that runs out, is no panic: it ends the gateway.
//! - Each plugin has its own copy of the standard library: its panic hook, its allocator and its thread-locals are not shared with other
//!   plugins, and memory is freed by the side that allocated it.
//! - A loaded library does not run Rust's start-up code, so signal handlers, and SIGPIPE in particular, remain as the host set them.
//! - The host never unloads the library, so statics live for ever and may contain the tables.

mod ffi;
mod host;
mod json;
mod outcome;
mod sink;

use std::ffi::c_void;
use std::mem::size_of;
use std::panic::{catch_unwind, AssertUnwindSafe};

use host::Host;
use outcome::Outcome;
use sink::{Problem, Sink};

static SERVICES: [ffi::Str; 1] = [ffi::Str::new(ffi::HOST_HTTP_CLIENT_1)];

static DESCRIPTOR: ffi::Descriptor = ffi::Descriptor {
    size: size_of::<ffi::Descriptor>() as u32,
    reserved: 0,
    type_name: ffi::Str::new("webhook"),
    title: ffi::Str::new("Posts messages to a URL"),
    version: ffi::Str::new("1.0.0"),
    license: ffi::Str::new("MIT"),
    config_schema_json: ffi::Str::new(sink::CONFIG_SCHEMA),
    must_understand: 0,
    access: 0, // everything goes through services of the host
    services: &SERVICES as *const ffi::Str,
    optional_services: std::ptr::null(),
    service_count: SERVICES.len() as u32,
    optional_service_count: 0,
};

static API: ffi::SinkApi = ffi::SinkApi {
    size: size_of::<ffi::SinkApi>() as u32,
    reserved: 0,
    configure,
    start,
    deliver,
    abandon,
    event,
    stop,
    destroy,
    extension: None,
};

static ENTRY: ffi::PluginEntry = ffi::PluginEntry {
    size: size_of::<ffi::PluginEntry>() as u32,
    magic: ffi::PLUGIN_MAGIC,
    abi_major: ffi::ABI_MAJOR,
    abi_minor: ffi::ABI_MINOR,
    needs_host_minor: 0,
    reserved: 0,
    count,
    descriptor,
    create,
};

/// The one export.
#[no_mangle]
pub extern "C" fn belfry_plugin_entry_v1() -> *const ffi::PluginEntry {
    &ENTRY
}

// These two and the entry contain nothing that can panic.
extern "C" fn count() -> u32 {
    1
}

extern "C" fn descriptor(index: u32) -> *const ffi::Descriptor {
    if index == 0 {
        &DESCRIPTOR
    } else {
        std::ptr::null()
    }
}

/// Runs code that may panic, and returns the panic's message instead of letting it into the host. The sink remains in use after a panic:
/// AssertUnwindSafe is right as long as no function leaves it in a state that the next call cannot work with.
fn guard<R>(body: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        format!("the plugin panicked: {}", message.unwrap_or("no message"))
    })
}

/// `this` is from create(). The reference is the only one: the host makes one call into a sink at a time.
unsafe fn sink<'a>(this: *mut c_void) -> &'a mut Sink {
    &mut *this.cast::<Sink>()
}

unsafe extern "C" fn create(_: ffi::Str<'_>, host: *const ffi::Host, this: *mut *mut c_void, api: *mut *const ffi::SinkApi) -> ffi::Status {
    let created = guard(|| Host::new(host).map(|host| Box::into_raw(Box::new(Sink::new(host)))));
    match created {
        Ok(Some(sink)) => {
            *this = sink.cast();
            *api = &API;
            ffi::OK
        }
        _ => ffi::FAILED,
    }
}

unsafe extern "C" fn configure(this: *mut c_void, config_json: ffi::Str<'_>, findings: *const ffi::Findings) -> ffi::Status {
    let configured = guard(|| sink(this).configure(&config_json.text()));
    let problem = match configured {
        Ok(Ok(())) => return ffi::OK,
        Ok(Err(problem)) => problem,
        Err(panic) => Problem { pointer: "", text: panic, remedy: "" },
    };
    let finding = ffi::Finding {
        size: size_of::<ffi::Finding>() as u32,
        severity: ffi::FINDING_ERROR,
        pointer: ffi::Str::new(problem.pointer),
        text: ffi::Str::new(&problem.text),
        remedy: ffi::Str::new(problem.remedy),
    };
    if let Some(add) = (*findings).add {
        add((*findings).ctx, &finding);
    }
    ffi::FAILED
}

unsafe extern "C" fn start(this: *mut c_void, problem: *const ffi::Writer) -> ffi::Status {
    let started = guard(|| sink(this).start()).unwrap_or_else(Err);
    match started {
        Ok(()) => ffi::OK,
        Err(sentence) => {
            if let Some(write) = (*problem).write {
                write((*problem).ctx, ffi::Str::new(&sentence));
            }
            ffi::FAILED
        }
    }
}

unsafe extern "C" fn deliver(this: *mut c_void, message: *const ffi::Message<'_>) {
    let _ = guard(|| {
        let message = ffi::read(message);
        let ended = guard(|| sink(this).deliver(&message)).unwrap_or_else(|panic| Some(Outcome::panicked(panic)));
        if let Some(outcome) = ended {
            sink(this).host.complete(message.ticket, &outcome);
        }
    });
}

unsafe extern "C" fn abandon(this: *mut c_void, ticket: ffi::Ticket) {
    let _ = guard(|| sink(this).abandon(ticket));
}

unsafe extern "C" fn event(this: *mut c_void, event: *const ffi::Event) {
    let _ = guard(|| {
        let event = ffi::read(event);
        if event.kind != ffi::EVENT_HTTP {
            return;
        }
        if let Some(delivery) = sink(this).take(event.user_data) {
            let result = ffi::read(event.payload.cast::<ffi::HttpResult>());
            let outcome = guard(|| Outcome::of_response(&result)).unwrap_or_else(Outcome::panicked);
            sink(this).host.complete(delivery, &outcome);
        }
    });
}

unsafe extern "C" fn stop(this: *mut c_void, done: ffi::Ticket, _deadline_ms: i64) {
    let _ = guard(|| sink(this).stop(done));
}

unsafe extern "C" fn destroy(this: *mut c_void) {
    let _ = guard(|| drop(Box::from_raw(this.cast::<Sink>())));
}
