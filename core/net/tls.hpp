// TLS settings from files, checked when they are read. Private to core/net.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <mutex>

#include "base/error.hpp"
#include "base/file_stamp.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"

namespace belfry::net {

// The certificates that clients trust, read once for all of them: OpenSSL 3 takes some tens of milliseconds to read those of a system.
// Thread rule: any thread.
class Authorities {
 public:
  // The context trusts those in the file; when it is empty, the system's. They are read again when the file has changed. The error names
  // the file.
  [[nodiscard]] base::Result<void> trust(const std::filesystem::path& file, boost::asio::ssl::context& context);

 private:
  struct Known {
    base::FileStamp stamp;
    std::shared_ptr<boost::asio::ssl::context> holder;
  };

  std::mutex mutex_;
  std::map<std::filesystem::path, Known> known_;  // by what was asked for
};

// Both: TLS 1.2 or newer, with forward secrecy and authenticated encryption. The error names the file and the reason.
[[nodiscard]] base::Result<std::shared_ptr<boost::asio::ssl::context>> server_context(const ServerTls& files);
[[nodiscard]] base::Result<std::shared_ptr<boost::asio::ssl::context>> client_context(const ClientTransport& transport,
                                                                                      Authorities& authorities);

}  // namespace belfry::net
