#include "why/quoting.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace belfry::why {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kCut = "...";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Removes what follows the text of a sentence.
std::string without_stop(std::string text) {
  while (!text.empty() && (text.back() == ' ' || (text.back() == '.' && !text.ends_with(kCut)))) text.pop_back();
  return text;
}

}  // namespace

std::string quoted(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const auto length = base::utf8_length(text);
    auto piece = length == 0 ? kReplacement : text.substr(0, length);
    if (length != 0 && base::is_hidden(base::utf8_code_point(piece))) piece = " ";
    if (out.size() + piece.size() > max_bytes) {
      const auto kept = base::utf8_prefix(out, max_bytes - kCut.size()).size();
      out.resize(kept);
      return out.append(kCut);
    }
    out.append(piece);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string target_name(const std::string& sink, std::string_view address) {
  return quoted(sink, kMaxName) + " to " + (address.empty() ? "a recipient without an address" : quoted(address, kMaxName));
}

TargetDetail target_detail(const std::string& detail) {
  const auto space = detail.find(' ');
  for (const std::string_view audience : {"direct:", "shared:"}) {
    if (space == std::string::npos || !std::string_view(detail).substr(space + 1).starts_with(audience)) continue;
    const auto begin = space + 1 + audience.size();
    const auto end = detail.find(": ", begin);
    if (end == std::string::npos) break;
    const auto sink = detail.substr(0, space);
    return {target_name(sink, std::string_view(detail).substr(begin, end - begin)), quoted(sink, kMaxName),
            quoted(std::string_view(detail).substr(end + 2), kMaxDetail)};
  }
  return {{}, {}, quoted(detail, kMaxDetail)};
}

bool names_target(const std::string& detail, const model::Delivery& delivery) {
  return detail.starts_with(delivery.sink + " " + delivery.destination.key() + ": ");
}

std::string after_target(const std::string& detail, const model::Delivery& delivery) {
  if (!names_target(detail, delivery)) return quoted(detail, kMaxDetail);
  const auto prefix = delivery.sink.size() + delivery.destination.key().size() + 3;
  return quoted(std::string_view(detail).substr(prefix), kMaxDetail);
}

std::string capitalized(std::string text) {
  if (!text.empty()) text.front() = upper(text.front());
  return text;
}

void Paragraph::add(std::string sentence) {
  sentence = without_stop(std::move(sentence));
  if (!sentence.empty()) sentences_.push_back(std::move(sentence));
}

void Paragraph::add_all(const Paragraph& other) { sentences_.insert(sentences_.end(), other.sentences_.begin(), other.sentences_.end()); }

void Paragraph::begin_with(const std::string& label) {
  if (sentences_.empty()) return;
  auto& first = sentences_.front();
  first.front() = lower(first.front());
  first.insert(0, label);
}

std::string Paragraph::text() const {
  std::string out;
  for (const auto& sentence : sentences_) out += (out.empty() ? "" : " ") + sentence + ".";
  return out;
}

}  // namespace belfry::why
