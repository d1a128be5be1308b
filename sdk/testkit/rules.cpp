// The contract's rules that concern every function of the host: when it may be called, and what its arguments look like.
#include <algorithm>
#include <array>

#include "fake_state.hpp"

namespace belfry::testkit {

namespace {

constexpr std::array<std::string_view, 8> kStageNames{"being created", "created",  "configured", "started",
                                                      "checking",      "stopping", "stopped",    "destroyed"};
constexpr std::array<std::string_view, 4> kAlwaysDeclared{BELFRY_HOST_LOG_1, BELFRY_HOST_CLOCK_1, BELFRY_HOST_METRICS_1,
                                                          BELFRY_HOST_SECRETS_1};
// The host's half of an extension, and the sink's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kHalves{
    std::pair{BELFRY_HOST_INBOUND_HTTP_1, BELFRY_SINK_INBOUND_HTTP_1}, std::pair{BELFRY_HOST_RECONCILE_1, BELFRY_SINK_RECONCILE_1},
    std::pair{BELFRY_HOST_CHECK_ONLINE_1, BELFRY_SINK_CHECK_ONLINE_1}};

std::string names_of(unsigned stages) {
  std::string names;
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    if ((stages & (1U << i)) != 0) names.append(names.empty() ? "" : " or ").append(kStageNames[i]);
  }
  return names;
}

}  // namespace

void FakeState::violation(std::string_view kind, const std::string& sentence) { violations.push_back(std::string(kind) + ": " + sentence); }

bool FakeState::is_declared(std::string_view service) const {
  if (std::ranges::find(kAlwaysDeclared, service) != kAlwaysDeclared.end() || declared.contains(service)) return true;
  return std::ranges::any_of(kHalves, [&](const auto& half) { return half.first == service && extensions.contains(half.second); });
}

bool FakeState::admits(const HostFunction& function) {
  const std::string name = std::string(function.name) + "()";
  const auto refuse = [&](std::string_view kind, const std::string& why) {
    violation(kind, name + ' ' + why);
    return false;
  };
  if (stage == Stage::destroyed) return refuse("after_destroy", "was called after destroy() had returned");
  if (!(function.during_destroy && in_destroy) && (function.stages & bit(stage)) == 0) {
    if (stage == Stage::stopped && function.may_be_late) return false;
    if (stage == Stage::stopped) return refuse("too_late", "was called after the sink had stopped");
    if (stage == Stage::creating) return refuse("too_early", "was called from create(), which only allocates");
    if (stage < Stage::started) return refuse("too_early", "was called before start()");
    return refuse("wrong_state", "was called while the sink was " + std::string(kStageNames[static_cast<unsigned>(stage)]) +
                                     "; wanted: " + names_of(function.stages));
  }
  if (function.strand && !on_strand()) violation("wrong_thread", name + " is [strand], and was called outside a call of the host");
  if (!function.service.empty() && !is_declared(function.service) && undeclared_uses.emplace(function.service).second) {
    violation("undeclared_service", "the sink uses " + std::string(function.service) + ", which its descriptor does not name");
  }
  return true;
}

void FakeState::check_no_secrets(std::string_view where, std::string_view written) {
  const auto leaks = [&](const std::string& secret) { return !secret.empty() && written.find(secret) != std::string_view::npos; };
  if (std::ranges::any_of(revealed, leaks) || std::ranges::any_of(added_secrets, leaks)) {
    violation("secret_leaked", "a secret appears in " + std::string(where));
  }
}

bool FakeState::check_bound(std::string_view what, std::uint64_t value, std::uint64_t max, std::string_view bound) {
  if (value <= max) return true;
  violation("bound_exceeded",
            std::string(what) + ": " + std::to_string(value) + " is above " + std::string(bound) + ", which is " + std::to_string(max));
  return false;
}

void FakeState::check_reserved(std::string_view what, std::uint64_t reserved) {
  if (reserved != 0) violation("reserved_not_zero", std::string(what) + ": `reserved` is " + std::to_string(reserved));
}

void FakeState::report_short_struct(std::string_view name, std::size_t size, std::size_t required) {
  violation("bad_size", std::string(name) + ": `size` is " + std::to_string(size) + ", wanted at least " + std::to_string(required));
}

std::string FakeState::bytes(belfry_str raw, std::string_view where) {
  if (raw.len == 0 || raw.ptr != nullptr) return std::string(sd::view(raw));
  violation("bad_argument", std::string(where) + " has a length and a null pointer");
  return {};
}

std::string FakeState::text(belfry_str raw, std::string_view where) {
  auto copy = bytes(raw, where);
  if (!is_utf8(copy)) violation("not_utf8", std::string(where) + " is not UTF-8");
  return copy;
}

// ---- Helpers ----------------------------------------------------------------------------------------------------------------------

std::string dump(const nlohmann::json& document) { return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

bool is_slug(std::string_view text, std::size_t max, bool digits) {
  const auto allowed = [&](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (digits && c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > max || !std::ranges::all_of(text, allowed)) return false;
  return !digits || (text.front() >= 'a' && text.front() <= 'z');
}

Millis millis(std::uint64_t count) {
  constexpr std::uint64_t kMax = 1'000'000'000'000;  // 31 years
  return Millis(static_cast<Millis::rep>(std::min(count, kMax)));
}

const char* to_string(IssuedTicket::Purpose purpose) {
  switch (purpose) {
    case IssuedTicket::Purpose::deliver: return "deliver()";
    case IssuedTicket::Purpose::reconcile: return "reconcile()";
    case IssuedTicket::Purpose::inbound: return "handle()";
    case IssuedTicket::Purpose::check: return "check()";
    case IssuedTicket::Purpose::stop: return "stop()";
  }
  return "nothing";
}

}  // namespace belfry::testkit
