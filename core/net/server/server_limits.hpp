// Limits that a server sets for its clients: sizes, numbers and times.
#pragma once
#include <cstddef>

#include "base/clock.hpp"

namespace belfry::net {

struct ServerLimits {
  std::size_t max_header = 16 * 1024;  // bytes
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 0;         // of one IPv4 address or IPv6 /64; 0: unbounded
  std::size_t max_body_memory = 64 * 1024 * 1024;      // bytes, of all bodies together
  base::Millis first_request_timeout{10'000};          // from the accept to the end of the first header, including the TLS handshake
  base::Millis crowded_first_request_timeout{10'000};  // the same, for connections accepted while half of max_connections are open
  base::Millis idle_timeout{120'000};                  // between requests; Go clients keep idle connections for 90 s
  base::Millis head_timeout{10'000};                   // from the first byte of a request to the end of its header
  base::Millis request_timeout{30'000};                // from the first byte of a request to its last
  base::Millis body_wait_timeout{10'000};              // until a body gets its memory; then 503
  base::Millis handler_timeout{30'000};                // until the handler replies; then 503
  base::Millis write_timeout{30'000};
  base::Millis tls_handshake_timeout{10'000};
  std::size_t linger_bytes = 4 * 1024 * 1024;  // read and dropped before closing, so that the client sees the last response
  base::Millis linger_timeout{2'000};
};

}  // namespace belfry::net
