//! How a delivery ended, and what an HTTP response means for it. The same rules as `belfry::http_outcome` in the C++ SDK.
#![forbid(unsafe_code)]

use crate::ffi;

const DEFAULT_PAUSE_MS: u64 = 30_000; // of a 429 that names none

pub struct Outcome {
    pub code: u32,
    pub reason: &'static str, // a slug [a-z_]{1,40}
    pub detail: String,       // one sentence for people
    pub maybe_delivered: bool,
    pub http_status: u32,
    pub retry_after_ms: u64,
    pub limit_scope: u32,
}

impl Outcome {
    pub fn new(code: u32, reason: &'static str, detail: impl Into<String>) -> Outcome {
        let detail = detail.into();
        Outcome { code, reason, detail, maybe_delivered: false, http_status: 0, retry_after_ms: 0, limit_scope: ffi::LIMIT_NONE }
    }

    /// After a panic, it is unknown how far the delivery had come.
    pub fn panicked(message: String) -> Outcome {
        Outcome { maybe_delivered: true, ..Outcome::new(ffi::RETRY, "panicked", message) }
    }

    pub fn of_response(result: &ffi::HttpResult) -> Outcome {
        if result.error != ffi::HTTP_OK {
            return Outcome::without_response(result);
        }
        let pause = retry_after_ms(result.headers());
        let detail = format!("the remote answered {}", result.status);
        let outcome = match result.status {
            200..=299 => Outcome::new(ffi::DELIVERED, "delivered", ""),
            300..=399 => Outcome::new(ffi::MISCONFIGURED, "redirected", detail + "; configure the final address"),
            401 | 403 | 407 => Outcome::new(ffi::MISCONFIGURED, "unauthorized", detail + "; check the token"),
            404 | 405 | 410 => Outcome::new(ffi::MISCONFIGURED, "not_found", detail + "; check the address"),
            // Only these refuse the request itself. Any other may come from a proxy, so the message is kept.
            400 | 413 | 414 | 415 | 422 | 431 => Outcome::new(ffi::REJECTED, "refused", detail),
            429 => Outcome {
                retry_after_ms: pause.unwrap_or(DEFAULT_PAUSE_MS),
                limit_scope: ffi::LIMIT_ACCOUNT,
                ..Outcome::new(ffi::RATE_LIMITED, "rate_limited", detail)
            },
            500..=599 => {
                Outcome { maybe_delivered: true, retry_after_ms: pause.unwrap_or(0), ..Outcome::new(ffi::RETRY, "server_error", detail) }
            }
            _ => Outcome::new(ffi::RETRY, "bad_answer", detail),
        };
        Outcome { http_status: result.status, ..outcome }
    }

    fn without_response(result: &ffi::HttpResult) -> Outcome {
        let detail = result.error_text.text();
        let (code, reason) = match result.error {
            ffi::HTTP_INVALID => (ffi::REJECTED, "invalid_request"),
            ffi::HTTP_TIMEOUT => (ffi::RETRY, "timeout"),
            ffi::HTTP_TLS => (ffi::RETRY, "tls"),
            _ => (ffi::RETRY, "connection"), // an unknown value counts as a closed connection
        };
        Outcome { maybe_delivered: result.flags & ffi::HTTP_REQUEST_SENT != 0, ..Outcome::new(code, reason, detail) }
    }
}

/// The pause that a response requests (RFC 9110 section 10.2.3): seconds, or a date, which is compared with that of the response.
fn retry_after_ms(headers: &[ffi::HttpHeader]) -> Option<u64> {
    let header =
        |name: &[u8]| headers.iter().find(|header| header.name.bytes().eq_ignore_ascii_case(name)).map(|header| header.value.text());
    let wanted = header(b"retry-after")?;
    let seconds = match wanted.trim().parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => u64::try_from(http_date(&wanted)? - http_date(&header(b"date")?)?).unwrap_or(0),
    };
    Some(seconds.saturating_mul(1000))
}

/// Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT", the form that servers must send (RFC 9110 section 5.6.7).
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = |text: &str| text.parse::<u16>().ok().map(i64::from);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (day, month, year, time) = match words[..] {
        [_, day, month, year, time, "GMT"] => (number(day)?, MONTHS.iter().position(|name| *name == month)? as i64, number(year)?, time),
        _ => return None,
    };
    let time: Vec<i64> = time.split(':').map(number).collect::<Option<_>>()?;
    let seconds = match time[..] {
        [hour, minute, second] => (hour * 60 + minute) * 60 + second,
        _ => return None,
    };
    // A year that begins in March has its leap day at the end.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 + day - 719_469;
    Some(days * 86_400 + seconds)
}
