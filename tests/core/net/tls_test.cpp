// TLS handshakes between our server and client, and between each of them and the openssl command.
#include <openssl/ssl.h>

#include "core/net/certificates.hpp"
#include "core/net/server/server_fixture.hpp"
#include "net/certificate_expiry.hpp"
#include "net/certificate_names.hpp"
#include "net/client/http_client.hpp"

namespace belfry::net::test {
namespace {

using Result = std::expected<ClientResponse, ClientError>;
using Kind = ClientError::Kind;

class TlsTest : public ServerTest {
 protected:
  static std::filesystem::path file(const std::string& name) { return Certificates::get().file(name); }
  static ServerTls identity(const std::string& name, const std::string& client_ca = "") {
    return {.certificate = file(name + ".crt"), .key = file(name + ".key"), .client_ca = client_ca.empty() ? "" : file(client_ca)};
  }
  void start_tls(const ServerTls& tls, ServerLimits limits = {}) { start(limits, {{"127.0.0.1:0", tls}}); }

  [[nodiscard]] std::string port() const {
    const auto address = server->addresses()[0];
    return address.substr(address.rfind(':') + 1);
  }

  Result fetch(ClientTransport transport, const std::string& host = "localhost", ClientRequest request = {}) {
    auto client = make_http_client(runtime, std::move(transport));
    if (!client) throw std::runtime_error(client.error().message);
    std::promise<Result> promise;
    request.url = "https://" + host + ":" + port() + "/show";
    (*client)->send(std::move(request), [&](Result result) { promise.set_value(std::move(result)); });
    auto future = promise.get_future();
    if (future.wait_for(kSoon) != std::future_status::ready) throw std::runtime_error("the handler was not called");
    return future.get();
  }

  // The output of `openssl s_client` with these options.
  [[nodiscard]] std::string s_client(const std::string& options, const std::string& input) const {
    const auto out = (directory / "out").string();
    std::ofstream(directory / "in") << input;
    const auto command =
        "openssl s_client -connect 127.0.0.1:" + port() + " " + options + " < " + (directory / "in").string() + " > " + out + " 2>&1";
    [[maybe_unused]] const int status = std::system(command.c_str());
    std::ifstream text(out);
    return {std::istreambuf_iterator<char>(text), {}};
  }
};

TEST_F(TlsTest, TalksToAVerifiedServer) {
  start_tls(identity("server"));
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    const auto result = fetch({.ca_file = file("ca.crt")}, host);
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_NE(result->body.find("as []"), std::string::npos);
  }
}

TEST_F(TlsTest, Tls12HasForwardSecrecyAndAuthenticatedEncryptionOnly) {
  start_tls(identity("server"));
  for (const std::string suite : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"})
    EXPECT_NE(s_client("-tls1_2 -cipher " + suite, get("/show", "Connection: close\r\n")).find("Cipher is " + suite), std::string::npos)
        << suite;
  for (const std::string suite :
       {"AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-SHA256", "CAMELLIA128-SHA"})
    EXPECT_NE(s_client("-tls1_2 -cipher " + suite + ":@SECLEVEL=0", "").find("Cipher is (NONE)"), std::string::npos) << suite;
}

// The client refuses a server that supports only other ciphers.
TEST_F(TlsTest, TheClientOffersNothingElse) {
  const auto out = (directory / "server-out").string();
  const auto command = "openssl s_server -www -accept 127.0.0.1:0 -naccept 1 -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0 -cert " +
                       file("server.crt").string() + " -key " + file("server.key").string() + " > " + out + " 2>&1";
  std::thread old_server([&] { [[maybe_unused]] const int status = std::system(command.c_str()); });
  const auto printed = [&] {
    std::ifstream text(out);
    return std::string{std::istreambuf_iterator<char>(text), {}};
  };
  std::string port_of_it;
  const auto deadline = std::chrono::steady_clock::now() + kSoon;
  while (port_of_it.empty() && std::chrono::steady_clock::now() < deadline) {
    const auto text = printed();
    const auto at = text.find("ACCEPT 127.0.0.1:");
    const auto end = at == std::string::npos ? at : text.find('\n', at);
    if (end != std::string::npos) port_of_it = text.substr(at + 17, end - at - 17);
    std::this_thread::yield();
  }
  ASSERT_NE(port_of_it, "") << printed();
  auto client = make_http_client(runtime, {.ca_file = file("ca.crt")});
  ASSERT_TRUE(client);
  std::promise<Result> promise;
  ClientRequest request;
  request.url = "https://127.0.0.1:" + port_of_it + "/";
  (*client)->send(std::move(request), [&](Result result) { promise.set_value(std::move(result)); });
  const auto result = promise.get_future().get();
  old_server.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Kind::tls);
  EXPECT_NE(printed().find("no shared cipher"), std::string::npos) << printed();
}

TEST_F(TlsTest, KeepsTheConnection) {
  start_tls(identity("server"));
  auto client = make_http_client(runtime, {.ca_file = file("ca.crt")});
  ASSERT_TRUE(client);
  std::string first;
  for (int i = 0; i < 3; ++i) {
    std::promise<Result> promise;
    (*client)->send({.url = "https://localhost:" + port() + "/show"}, [&](Result result) { promise.set_value(std::move(result)); });
    const auto result = promise.get_future().get();
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(i == 0 ? first = result->body : first, result->body);
  }
}

TEST_F(TlsTest, RefusesAServerItCannotVerify) {
  struct Case {
    const char *certificate, *ca, *reason;
  };
  for (const auto& c : std::vector<Case>{
           {"server", "stranger.crt", "unable to get local issuer certificate"},
           {"misnamed", "ca.crt", ""},
           {"expired", "ca.crt", "certificate has expired"},
           {"stranger", "ca.crt", "self-signed certificate"},
       }) {
    SCOPED_TRACE(c.certificate);
    start_tls(identity(c.certificate));
    const auto result = fetch({.ca_file = file(c.ca)});
    ASSERT_FALSE(result);
    EXPECT_EQ(to_string(result.error().kind), to_string(Kind::tls)) << result.error().detail;
    EXPECT_FALSE(result.error().request_sent);
    EXPECT_NE(result.error().detail.find(c.reason), std::string::npos) << result.error().detail;
    EXPECT_TRUE(fetch({.ca_file = file("ca.crt"), .verify = false}));
    EXPECT_FALSE(fetch({}));  // the system's CAs have signed none of these
  }
}

TEST_F(TlsTest, AuthoritiesAreThoseOfTheFileAsItIsNow) {
  start_tls(identity("server"));
  const auto trusted = directory / "trusted.crt";
  const auto replace = [&](const std::string& name) {
    std::filesystem::remove(trusted);
    std::filesystem::copy_file(file(name), trusted);
  };
  replace("stranger.crt");
  EXPECT_FALSE(fetch({.ca_file = trusted}));
  EXPECT_TRUE(fetch({.ca_file = file("ca.crt")})) << "the next client has its own";
  EXPECT_FALSE(fetch({.ca_file = trusted})) << "and leaves the others theirs";
  replace("ca.crt");
  EXPECT_TRUE(fetch({.ca_file = trusted}));
  replace("stranger.crt");
  EXPECT_FALSE(fetch({.ca_file = trusted}));
  std::filesystem::remove(trusted);
  const auto gone = make_http_client(runtime, {.ca_file = trusted});
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find(trusted.string()), std::string::npos) << gone.error().message;
}

TEST_F(TlsTest, AClientCertificateIsRequiredWhenAskedFor) {
  start_tls(identity("server", "ca.crt"));
  const auto known = fetch({.ca_file = file("ca.crt"), .client_certificate = file("client.crt"), .client_key = file("client.key")});
  ASSERT_TRUE(known) << known.error().detail;
  EXPECT_NE(known->body.find("as [CN=coder\\, \\\"prod\\\",O=Coder]"), std::string::npos) << known->body;

  for (const std::string name : {"", "stranger"}) {
    const auto certificate = name.empty() ? "" : file(name + ".crt");
    const auto key = name.empty() ? "" : file(name + ".key");
    const auto refused = fetch({.ca_file = file("ca.crt"), .client_certificate = certificate, .client_key = key});
    ASSERT_FALSE(refused);
    EXPECT_EQ(to_string(refused.error().kind), to_string(Kind::tls)) << refused.error().detail;
  }
}

TEST_F(TlsTest, ASubjectIsOnlyThatOfAVerifiedCertificate) {
  start_tls(identity("server"));
  const auto result = fetch({.ca_file = file("ca.crt"), .client_certificate = file("client.crt"), .client_key = file("client.key")});
  ASSERT_TRUE(result);
  EXPECT_NE(result->body.find("as []"), std::string::npos);
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  start_tls(identity("server"));
  const auto request = get("/show", "Connection: close\r\n");
  EXPECT_EQ(s_client("-quiet -tls1_1 -cipher DEFAULT@SECLEVEL=0", request).find("200 OK"), std::string::npos);
  EXPECT_NE(s_client("-quiet -tls1_2", request).find("200 OK"), std::string::npos);
  EXPECT_NE(s_client("-quiet -tls1_3", request).find("200 OK"), std::string::npos);
}

TEST_F(TlsTest, ChoosesHttp11WhenAsked) {
  start_tls(identity("server"));
  const auto request = get("/show", "Connection: close\r\n");
  EXPECT_NE(s_client("-ign_eof -alpn h2,http/1.1", request).find("ALPN protocol: http/1.1"), std::string::npos);
  EXPECT_NE(s_client("-ign_eof -alpn h2", request).find("200 OK"), std::string::npos);
}

TEST_F(TlsTest, SaysGoodbye) {
  start_tls(identity("server"));
  // Without the close_notify, openssl reports an unexpected end of file.
  const auto output = s_client("-ign_eof -msg", get("/close"));
  EXPECT_NE(output.find("bye"), std::string::npos);
  EXPECT_NE(output.find("<<< TLS 1.3, Alert [length 0002], warning close_notify"), std::string::npos) << output;
}

TEST_F(TlsTest, ALargeRefusedBodyStillSeesItsAnswer) {
  start_tls(identity("server"));
  auto client = make_http_client(runtime, {.ca_file = file("ca.crt")});
  ASSERT_TRUE(client);
  for (int i = 0; i < 5; ++i) {
    std::promise<Result> promise;
    (*client)->send({.method = "POST", .url = "https://localhost:" + port() + "/echo", .body = std::string(2 << 20, 'b')},
                    [&](Result result) { promise.set_value(std::move(result)); });
    const auto result = promise.get_future().get();
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->status, 413);
  }
}

TEST_F(TlsTest, HandshakesThatGoNowhereAreEnded) {
  start_tls(identity("server"), {.tls_handshake_timeout = 100ms});
  auto silent = connect();
  EXPECT_EQ(silent.read_to_end(), "");
  auto half = connect();
  half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_EQ(half.read_to_end(), "");
  auto plain = connect();
  plain.send(get("/show"));
  EXPECT_EQ(plain.read_to_end().find("HTTP/1.1 200"), std::string::npos);
  auto gone = connect();
  gone.reset();
  EXPECT_TRUE(fetch({.ca_file = file("ca.crt")}));
}

// An attacker who cuts the connection must not be able to truncate a response unnoticed.
TEST_F(TlsTest, ABodyThatEndsWithTheConnectionNeedsAGoodbye) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate_chain_file(context.get(), file("server.crt").c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), file("server.key").c_str(), SSL_FILETYPE_PEM);
  for (const bool goodbye : {true, false}) {
    SCOPED_TRACE(goodbye);
    const RawListener listener;
    auto client = make_http_client(runtime, {.ca_file = file("ca.crt")});
    ASSERT_TRUE(client);
    std::promise<Result> promise;
    (*client)->send({.url = "https" + listener.url().substr(4)}, [&](Result result) { promise.set_value(std::move(result)); });
    {
      const auto peer = listener.accept();
      const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
      SSL_set_fd(tls.get(), peer.fd());
      ASSERT_EQ(SSL_accept(tls.get()), 1);
      char request[4096];
      ASSERT_GT(SSL_read(tls.get(), request, sizeof request), 0);
      const std::string answer = "HTTP/1.1 200 OK\r\n\r\nall of it";
      ASSERT_GT(SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size())), 0);
      if (goodbye) SSL_shutdown(tls.get());
    }
    const auto result = promise.get_future().get();
    ASSERT_EQ(result.has_value(), goodbye);
    if (goodbye) {
      EXPECT_EQ(result->body, "all of it");
    } else {
      EXPECT_EQ(to_string(result.error().kind), to_string(Kind::closed));
    }
  }
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
  std::ofstream(directory / "garbage.pem") << "garbage";
  const auto garbage = directory / "garbage.pem";
  HttpServer other(runtime, router, {}, log);
  const auto expect = [](const auto& result, const std::string& part) {
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  };
  expect(other.open({"127.0.0.1:0", ServerTls{directory / "none.crt", file("server.key"), ""}}), "none.crt: No such file");
  expect(other.open({"127.0.0.1:0", ServerTls{garbage, file("server.key"), ""}}), "garbage.pem: ");
  expect(other.open({"127.0.0.1:0", ServerTls{file("server.crt"), file("client.key"), ""}}), "client.key: key values mismatch");
  expect(other.open({"127.0.0.1:0", ServerTls{file("server.crt"), file("server.key"), garbage}}), "CA file ");
  expect(make_http_client(runtime, {.ca_file = directory / "none.crt"}), "none.crt: ");
  expect(make_http_client(runtime, {.client_certificate = file("client.crt"), .client_key = file("server.key")}), "key values mismatch");
}

TEST(CertificateEndTest, TheFirstOfAChainToEnd) {
  const auto file = [](const std::string& name) { return Certificates::get().file(name); };
  const auto now = base::SystemClock().now();
  const auto good = earliest_expiry(file("server.crt"));
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->subject, "CN=server");
  EXPECT_GT(good->not_after, now + std::chrono::hours(47));
  EXPECT_LE(good->not_after, now + std::chrono::hours(48));
  ASSERT_TRUE(earliest_expiry(file("expired.crt")));
  EXPECT_LT(earliest_expiry(file("expired.crt"))->not_after, now);
  EXPECT_THAT(earliest_expiry(file("client.crt"))->subject, testing::HasSubstr("coder"));
  const auto chain = file("chain.crt");
  std::ofstream(chain) << std::ifstream(file("server.crt")).rdbuf() << std::ifstream(file("expired.crt")).rdbuf()
                       << std::ifstream(file("ca.crt")).rdbuf();
  EXPECT_EQ(*earliest_expiry(chain), *earliest_expiry(file("expired.crt")));
}

TEST(CertificateEndTest, AFileWithoutOneIsNamed) {
  const auto file = [](const std::string& name) { return Certificates::get().file(name); };
  std::ofstream(file("empty.crt")) << "";
  std::ofstream(file("broken.crt")) << "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  for (const std::string name : {"absent.crt", "empty.crt", "broken.crt", "server.key", "."}) {
    const auto none = earliest_expiry(file(name));
    ASSERT_FALSE(none) << name;
    EXPECT_EQ(none.error().message, file(name).string() + ": no certificate can be read");
  }
}

TEST(CertificateNamesTest, ThoseOfTheFirstCertificate) {
  const auto file = [](const std::string& name) { return Certificates::get().file(name); };
  EXPECT_THAT(certificate_names(file("server.crt"))->alternative, testing::ElementsAre("localhost", "127.0.0.1"));
  EXPECT_THAT(certificate_names(file("client.crt"))->alternative, testing::IsEmpty());
  EXPECT_EQ(certificate_names(file("absent.crt")).error().message, file("absent.crt").string() + ": no certificate can be read");
  EXPECT_TRUE(is_certificate_for(file("server.crt"), "localhost"));
  EXPECT_FALSE(is_certificate_for(file("misnamed.crt"), "localhost")) << "alternative names replace the common name";
  EXPECT_FALSE(is_certificate_for(file("absent.crt"), "localhost"));
}

}  // namespace
}  // namespace belfry::net::test
