// Throws from a function that it passes to the host: the writer for a secret.
#include "plain.h"

#include <stdexcept>
#include <string>

namespace {

void throwing_write(void*, belfry_str) { throw std::runtime_error("thrown by the writer"); }

std::string token;

int32_t keep_token(void*, belfry_str config, const belfry_writer*) {
  const std::string text(config.ptr, config.len);
  const auto at = text.find("secret:");
  token = at == std::string::npos ? "" : text.substr(at, text.find('"', at) - at);
  return 0;
}

void deliver(void*, const belfry_message* message) {
  const auto* secrets = static_cast<const belfry_secrets*>(host->service(host->ctx, text(BELFRY_SECRETS_1)));
  const belfry_str reference = {token.data(), token.size()};
  const belfry_writer throwing = {nullptr, throwing_write};
  const belfry_writer none = {nullptr, nullptr};
  std::string answers;
  for (const auto* writer : {&throwing, &none}) answers += secrets->reveal(host->ctx, reference, writer) == 0 ? "whole " : "refused ";
  complete(message->ticket, BELFRY_DELIVERED, "ok", answers.c_str());
}

}  // namespace

static void customize(void) {
  instance.configure = keep_token;
  instance.deliver = deliver;
}
