#include "source/auth.hpp"

namespace belfry::source {
namespace {

Credentials basic() { return {.basic_username = "coder", .basic_passwords = {base::Secret("s3cret:pass")}}; }
Credentials bearer() { return {.bearers = {base::Secret("token-123")}}; }

bool allowed(const Credentials& credentials, std::optional<std::string_view> header, std::string_view subject = "") {
  return !check_credentials(credentials, {header, subject});
}

TEST(Auth, NothingConfiguredLetsEveryoneIn) {
  EXPECT_TRUE(allowed({}, {}));
  EXPECT_TRUE(allowed({}, "Basic nonsense"));
}

TEST(Auth, Basic) {
  EXPECT_TRUE(allowed(basic(), "Basic Y29kZXI6czNjcmV0OnBhc3M="));
  EXPECT_TRUE(allowed(basic(), "bAsIc Y29kZXI6czNjcmV0OnBhc3M="));
  EXPECT_TRUE(allowed(basic(), "Basic   Y29kZXI6czNjcmV0OnBhc3M="));
  const char* wrong[] = {
      "",
      "Basic",
      "Basic ",
      "Y29kZXI6czNjcmV0OnBhc3M=",
      "Basic\tY29kZXI6czNjcmV0OnBhc3M=",
      "Bearer Y29kZXI6czNjcmV0OnBhc3M=",
      "Basic Y29kZXI6czNjcmV0OnBhc3M",       // no padding
      "Basic Y29kZXI6czNjcmV0OnBhc3M= ",     // trailing space
      "Basic Y29kZXI6czNjcmV0OnBhc3M=\n",    //
      "Basic Y29kZXI6czNjcmV0OnBhc3N=",      // unused bits set: another encoding of the same bytes
      "Basic Y29kZXI6czNjcmV0OnBhc3M=Y29k",  // padding in the middle
      "Basic Y29kZXI6 czNjcmV0OnBhc3M=",     // white space inside
      "Basic Y29kZXI6czNjcmV0OnBhc3M-",      // the URL alphabet
      "Basic ====",
      "Basic =",
      "Basic Y29kZXI6czNjcmV0OnBhc3",  // truncated
      "Basic Y29kZXI6czNjcmV0OnBhc3NzcGFzcw==",
      "Basic Y29kZXI6",                  // coder:
      "Basic Og==",                      // :
      "Basic Q29kZXI6czNjcmV0OnBhc3M=",  // Coder:s3cret:pass
  };
  for (const auto* header : wrong) EXPECT_FALSE(allowed(basic(), header)) << header;
  EXPECT_FALSE(allowed(basic(), {}));
}

TEST(Auth, BasicWithHalfOfIt) {
  EXPECT_TRUE(allowed({.basic_username = "ab"}, "Basic YWI6"));
  EXPECT_FALSE(allowed({.basic_username = "ab"}, "Basic YWI6eA=="));
  EXPECT_TRUE(allowed({.basic_passwords = {base::Secret("x")}}, "Basic Ong="));
}

TEST(Auth, EveryByteOfAPasswordCounts) {
  std::string binary;
  for (int i = 1; i < 256; ++i) binary += static_cast<char>(i);
  const Credentials wanted{.basic_username = "u", .basic_passwords = {base::Secret(binary)}};
  // "u:" and the bytes 1 to 255, encoded by Python's base64.
  const std::string header =
      "Basic dToBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpb"
      "XF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/"
      "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+"
      "goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPExcbHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8=";
  EXPECT_TRUE(allowed(wanted, header));
}

TEST(Auth, Bearer) {
  EXPECT_TRUE(allowed(bearer(), "Bearer token-123"));
  EXPECT_TRUE(allowed(bearer(), "bearer token-123"));
  for (const auto* header : {"Bearer token-12", "Bearer token-1234", "Bearer TOKEN-123", "Bearer", "Bearer ", "token-123",
                             "Bearer token-123 ", "Basic token-123", "Bearertoken-123"}) {
    EXPECT_FALSE(allowed(bearer(), header)) << header;
  }
}

TEST(Auth, BasicAndBearerAreAlternatives) {
  auto both = basic();
  both.bearers = {base::Secret("token-123")};
  EXPECT_TRUE(allowed(both, "Bearer token-123"));
  EXPECT_TRUE(allowed(both, "Basic Y29kZXI6czNjcmV0OnBhc3M="));
  EXPECT_FALSE(allowed(both, "Bearer x"));
}

TEST(Auth, TheOldSecretHoldsWhileItIsReplaced) {
  const Credentials two{.basic_username = "coder", .basic_passwords = {base::Secret("new"), base::Secret("s3cret:pass")}};
  EXPECT_TRUE(allowed(two, "Basic Y29kZXI6czNjcmV0OnBhc3M="));
  EXPECT_TRUE(allowed(two, "Basic Y29kZXI6bmV3"));
  EXPECT_FALSE(allowed(two, "Basic Y29kZXI6")) << "coder:";
  const Credentials tokens{.bearers = {base::Secret("token-124"), base::Secret("token-123"), base::Secret("")}};
  EXPECT_TRUE(allowed(tokens, "Bearer token-123"));
  EXPECT_TRUE(allowed(tokens, "Bearer token-124"));
  EXPECT_FALSE(allowed(tokens, "Bearer token-125"));
  EXPECT_FALSE(allowed(tokens, "Bearer "));
}

TEST(Auth, TheCertificateIsAskedInAddition) {
  EXPECT_TRUE(allowed({.client_certificate = true}, {}, "CN=coder"));
  EXPECT_FALSE(allowed({.client_certificate = true}, {}));
  auto both = bearer();
  both.client_certificate = true;
  EXPECT_TRUE(allowed(both, "Bearer token-123", "CN=coder"));
  EXPECT_FALSE(allowed(both, "Bearer token-123"));
  EXPECT_FALSE(allowed(both, {}, "CN=coder"));
}

TEST(Auth, AnEmptySecretIsNoSecret) {
  const Credentials none{.basic_passwords = {base::Secret("")}, .bearers = {base::Secret("")}};
  EXPECT_TRUE(allowed(none, {})) << "nothing was configured";
  EXPECT_FALSE(allowed(basic(), "Bearer ")) << "an absent bearer does not match an empty one";
}

TEST(Auth, RefusalSaysWhatToSend) {
  auto both = basic();
  both.bearers = {base::Secret("token-123")};
  EXPECT_EQ(check_credentials(basic(), {})->www_authenticate, R"(Basic realm="belfry", charset="UTF-8")");
  EXPECT_EQ(check_credentials(bearer(), {})->www_authenticate, R"(Bearer realm="belfry")");
  EXPECT_EQ(check_credentials(both, {})->www_authenticate, R"(Basic realm="belfry", charset="UTF-8", Bearer realm="belfry")");
  EXPECT_EQ(check_credentials({.client_certificate = true}, {})->www_authenticate, R"(Certificate realm="belfry")");
  EXPECT_EQ(check_credentials(basic(), {})->message, "credentials are required and none were sent");
  const auto wrong = check_credentials(basic(), {"Basic c2VudDpzZW50", ""});
  EXPECT_EQ(wrong->message, "the credentials are wrong");
  EXPECT_EQ(check_credentials({.client_certificate = true}, {})->message, "a client certificate is required");
}

}  // namespace
}  // namespace belfry::source
