// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/guest_text.h"

namespace rune::runtime {

constexpr size_t maxShown = 500;

/// The two-byte forms of U+0080 to U+009F, which terminals obey too.
static bool isC1Control(std::string_view text, size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() &&
         static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

std::string printable(std::string_view text) {
  size_t end = text.size();
  if (end > maxShown)
    for (end = maxShown; end > 0 && (text[end] & 0xC0) == 0x80;)
      --end;
  std::string shown;
  for (size_t i = 0; i < end; ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    bool control = byte < 0x20 || byte == 0x7F || isC1Control(text, i);
    shown += control ? ' ' : text[i];
    i += byte >= 0x80 && control;
  }
  return end < text.size() ? shown + "…" : shown;
}

} // namespace rune::runtime
