// TLS settings from files, checked when they are read. Private to core/net.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/error.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"

namespace belfry::net {

// Both: TLS 1.2 or newer. The error names the file and what is wrong with it.
[[nodiscard]] base::Result<std::shared_ptr<boost::asio::ssl::context>> server_context(const ServerTls& files);
[[nodiscard]] base::Result<std::shared_ptr<boost::asio::ssl::context>> client_context(const ClientTransport& transport);

}  // namespace belfry::net
