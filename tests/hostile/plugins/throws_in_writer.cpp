// Throws from a function that it passes to the host: the writer for a secret.
#include "plain.h"

#include <stdexcept>
#include <string>

namespace {

belfry_status throwing_write(void*, belfry_str) { throw std::runtime_error("thrown by the writer"); }

std::string token;

belfry_status keep_token(void*, belfry_str config, const belfry_findings*) {
  const std::string document(config.ptr, config.len);
  const auto at = document.find("secret:");
  token = at == std::string::npos ? "" : document.substr(at, document.find('"', at) - at);
  return BELFRY_OK;
}

void deliver(void*, const belfry_message* message) {
  const auto* secrets = SERVICE(belfry_host_secrets, BELFRY_HOST_SECRETS_1);
  const belfry_str reference = {token.data(), token.size()};
  const belfry_writer throwing = {nullptr, throwing_write};
  const belfry_writer none = {nullptr, nullptr};
  std::string answers;
  for (const auto* writer : {&throwing, &none})
    answers += secrets->reveal(host->ctx, reference, writer) == BELFRY_OK ? "whole " : "refused ";
  complete(message->ticket, BELFRY_DELIVERED, "ok", answers.c_str());
}

}  // namespace

static void customize(void) {
  api.configure = keep_token;
  api.deliver = deliver;
}
