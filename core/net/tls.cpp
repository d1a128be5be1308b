#include "net/tls.hpp"

#include <algorithm>
#include <cstdlib>

namespace belfry::net {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

using Context = std::shared_ptr<ssl::context>;

// TLS 1.2 ciphers with forward secrecy and authenticated encryption (RFC 9325 section 4.2). All TLS 1.3 ciphers have both.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Context make(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context->native_handle(), kCiphers);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

base::Result<void> check(const error_code& ec, std::string_view what, const std::filesystem::path& file) {
  if (!ec) return {};
  return base::fail(base::ErrorCode::invalid, std::string(what) + " " + file.string() + ": " + ec.message());
}

base::Result<void> load_identity(ssl::context& context, const std::filesystem::path& certificate, const std::filesystem::path& key) {
  error_code ec;
  context.use_certificate_chain_file(certificate.string(), ec);
  if (auto loaded = check(ec, "certificate", certificate); !loaded) return loaded;
  // OpenSSL rejects a key that does not match the certificate loaded above.
  context.use_private_key_file(key.string(), ssl::context::pem, ec);
  return check(ec, "key", key);
}

base::Result<void> load_ca_file(ssl::context& context, const std::filesystem::path& file) {
  error_code ec;
  context.load_verify_file(file.string(), ec);
  return check(ec, "CA file", file);
}

base::Result<void> load_system(ssl::context& context) {
  error_code ec;
  context.set_default_verify_paths(ec);
  if (ec) return base::fail("the system's CA certificates: " + ec.message());
  return {};
}

// The file of OpenSSL's default CA certificates. The stamp need not cover its directory: OpenSSL reads certificates from there on demand.
std::filesystem::path system_file() {
  const char* named = std::getenv(X509_get_default_cert_file_env());
  return named != nullptr ? named : X509_get_default_cert_file();
}

// Selects HTTP/1.1 by ALPN: some clients offer it and give up if the server does not answer the offer.
int choose_http_1_1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered, unsigned int size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  const auto* end = offered + size;
  for (const auto* name = offered; name < end; name += *name + 1) {
    if (!std::equal(name, name + std::min<std::ptrdiff_t>(*name + 1, end - name), std::begin(kHttp11), std::end(kHttp11))) continue;
    *out = name + 1;
    *out_size = *name;
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

base::Result<Context> server_context(const ServerTls& files) {
  auto context = make(ssl::context::tls_server);
  auto* native = context->native_handle();
  if (auto loaded = load_identity(*context, files.certificate, files.key); !loaded) return std::unexpected(loaded.error());
  SSL_CTX_set_alpn_select_cb(native, choose_http_1_1, nullptr);
  if (files.client_ca.empty()) return context;
  if (auto loaded = load_ca_file(*context, files.client_ca); !loaded) return std::unexpected(loaded.error());
  SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(files.client_ca.c_str()));
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  // Without a session id context, OpenSSL does not resume sessions that were authenticated with a client certificate.
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>("belfry"), 6);
  return context;
}

base::Result<void> TrustStores::apply(const std::filesystem::path& file, ssl::context& context) {
  const std::lock_guard lock(mutex_);
  auto& [known_stamp, holder] = known_[file];
  // Stamped before loading, so that a concurrent write causes another load next time.
  const auto stamp = base::stamp_of(file.empty() ? system_file() : file);
  if (!holder || known_stamp != stamp) {
    auto fresh = make(ssl::context::tls_client);
    if (auto loaded = file.empty() ? load_system(*fresh) : load_ca_file(*fresh, file); !loaded) return loaded;
    holder = std::move(fresh);
    known_stamp = stamp;
  }
  SSL_CTX_set1_cert_store(context.native_handle(), SSL_CTX_get_cert_store(holder->native_handle()));
  return {};
}

base::Result<Context> client_context(const ClientTls& files, TrustStores& trust_stores) {
  auto context = make(ssl::context::tls_client);
  if (auto trusted = trust_stores.apply(files.ca_file, *context); !trusted) return std::unexpected(trusted.error());
  if (files.certificate.empty()) return context;
  if (auto loaded = load_identity(*context, files.certificate, files.key); !loaded) return std::unexpected(loaded.error());
  return context;
}

}  // namespace belfry::net
