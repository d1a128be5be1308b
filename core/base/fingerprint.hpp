// A short value by which two processes can compare texts without exchanging them: FNV-1a with 64 bits. Equal texts have equal fingerprints;
// it does not withstand an attacker who constructs a text.
// Thread rule: a value type.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace belfry::base {

class Fingerprint {
 public:
  // The order of the texts counts, and where each of them ends.
  void add(std::string_view text);
  // 16 hexadecimal digits.
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325;
};

}  // namespace belfry::base
