// TLS contexts from certificate and key files, checked when they are loaded. Private to core/net.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <mutex>

#include "base/error.hpp"
#include "base/file_stamp.hpp"
#include "net/tls_files.hpp"

namespace belfry::net {

// Trusted CA certificates, loaded once and shared by all clients: OpenSSL 3 takes tens of milliseconds to load the system's.
// Thread rule: any thread.
class TrustStores {
 public:
  // Makes the context trust the certificates in `file`; empty: the system's. Loads them again if the file has changed.
  // The error names the file.
  [[nodiscard]] base::Result<void> apply(const std::filesystem::path& file, boost::asio::ssl::context& context);

 private:
  struct Known {
    base::FileStamp stamp;
    std::shared_ptr<boost::asio::ssl::context> holder;
  };

  std::mutex mutex_;
  std::map<std::filesystem::path, Known> known_;  // by `file`
};

// Both contexts require TLS 1.2 or newer, with forward secrecy and authenticated encryption. The error names the file and the reason.
[[nodiscard]] base::Result<std::shared_ptr<boost::asio::ssl::context>> server_context(const ServerTls& files);
[[nodiscard]] base::Result<std::shared_ptr<boost::asio::ssl::context>> client_context(const ClientTls& files, TrustStores& trust_stores);

}  // namespace belfry::net
