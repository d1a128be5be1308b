#include <map>

#include "config/sections/address.hpp"
#include "config/sections/sections.hpp"

namespace belfry::config {
namespace {

bool is_http_path(std::string_view path) {
  return path.starts_with('/') && path.find_first_of("?# \t%") == std::string_view::npos && path.find("//") == std::string_view::npos;
}

void read_basic(const Value& written, SourceAuth& out) {
  const Section section(written, kBasicKeys);
  if (const auto value = section.require("username", "username: coder")) {
    constexpr std::string_view kForm = "a user name without a colon";  // RFC 7617: a colon ends the user name
    const auto name = value->text(kForm);
    if (name && name->find(':') != std::string::npos) {
      value->expected(kForm);
    } else {
      assign(out.basic_username, name);
    }
  }
  if (const auto value = section.require("password", "password: \"${file:webhook-password}\"")) {
    out.basic_passwords = value->secrets("a password");
  }
  // An optional password that is missing disables basic authentication.
  if (out.basic_passwords.empty()) out.basic_username.clear();
}

SourceAuth read_auth(const Value& written, const ServerSettings& server, bool tls_known) {
  const Section section(written, kAuthKeys);
  SourceAuth auth;
  int methods = 0;
  if (const auto value = section.get("basic")) {
    ++methods;
    read_basic(*value, auth);
  }
  if (const auto value = section.get("bearer")) {
    ++methods;
    auth.bearers = value->secrets("a token, such as \"${file:webhook-token}\"");
  }
  if (const auto value = section.get("client_certificate")) {
    auth.client_certificate = value->boolean().value_or(true);
    if (auth.client_certificate) {
      ++methods;
      if (tls_known && (!server.tls || server.tls->client_ca.empty())) {
        value->error("needs the CA that signs the certificates; write server.tls.client_ca: ca.crt");
      }
    }
  }
  const auto& members = written.node().members;
  const bool nothing =
      written.node().kind == yaml::Node::Kind::map && (members.empty() || written.node().find("client_certificate") != nullptr);
  if (methods > 1 || (methods == 0 && nothing)) {
    const auto* what = methods == 0 ? "sets no method" : "sets more than one method";
    written.context().report.error(written.key(), written.path() + " " + what + "; write one of basic, bearer and client_certificate");
  }
  return auth;
}

// The location of the path, else of the source.
Mark path_mark(const Value& source) {
  const auto* path = source.node().find("path");
  return path == nullptr ? source.key() : path->value->at;
}

SourceSettings read_source(const std::string& name, const Value& written, const ServerSettings& server, bool tls_known) {
  const Section section(written, kSourceKeys);
  SourceSettings source{.name = name};
  if (const auto value = section.get("type")) {
    const auto type = value->text("coder");
    if (type && type != "coder") value->expected("coder, the only supported type");
  }
  source.path_location = written.context().report.location(path_mark(written));
  if (const auto value = section.get("path")) {
    constexpr std::string_view kForm = "a plain path such as /v1/webhook";
    const auto path = value->text(kForm);
    if (path && !is_http_path(*path)) value->expected(kForm);
    source.path = path && is_http_path(*path) ? *path : "";
  } else if (section.may_contain("path")) {
    source.path.clear();
  }
  const auto auth = section.get("auth");
  if (auth) source.auth = read_auth(*auth, server, tls_known);
  const bool open = auth ? source.auth.none() : !section.may_contain("auth");
  if (open && !written.context().environment.variable(kWebhookPassword).value_or("").empty() && !written.context().report.has_errors()) {
    written.context().report.warning(written.key(), written.path() + " requires no password although " + kWebhookPassword +
                                                        " is set; write auth: { basic: { username: coder, password: \"${env:" +
                                                        kWebhookPassword + "}\" } }, or unset the variable");
    return source;
  }
  const auto address = parse_address(server.listen);
  const bool left_out = auth && source.auth.none() && !written.context().report.has_errors();
  if (((!auth && !section.may_contain("auth")) || left_out) && address && !address->local()) {
    written.context().report.warning(written.key(), written.path() +
                                                        " accepts notifications from anyone who can reach server.listen; write " +
                                                        "auth: { basic: { username: coder, password: \"${file:webhook-password}\" } }");
  }
  const bool shared_secret = !source.auth.basic_passwords.empty() || !source.auth.bearers.empty();
  if (shared_secret && tls_known && !server.tls && address && !address->local()) {
    written.context().report.warning(written.key(),
                                     written.path() + " receives its password in the clear because " + server.listen +
                                         " has no TLS; write server.tls, or listen on a loopback address behind a proxy that has it");
  }
  return source;
}

}  // namespace

void read_sources(const Value& written, const ServerSettings& server, bool tls_known, std::vector<SourceSettings>& out) {
  std::map<std::string, std::string> paths;  // path -> name of the source
  for (const auto& [name, value] : written.named("at least one source, such as coder: { type: coder, path: /v1/webhook }")) {
    auto source = read_source(name, value, server, tls_known);
    const auto [first, fresh] = paths.emplace(source.path, name);
    if (!fresh && !source.path.empty()) {
      written.context().report.error(path_mark(value),
                                     value.path() + " has the same path as sources." + first->second + "; give each its own path");
    }
    out.push_back(std::move(source));
  }
}

}  // namespace belfry::config
