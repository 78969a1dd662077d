// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/acceleration.h"

#include "runtime/capability/looks_like.h"
#include "runtime/guest_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace rune::runtime {

namespace {

constexpr size_t columns = 3;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t";
  size_t begin = text.find_first_not_of(space);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

/// A field without the white space and quotes around it.
std::string_view bare(std::string_view field) {
  field = trimmed(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
    field = trimmed(field.substr(1, field.size() - 2));
  return field;
}

/// What of a stranger's text goes into a message.
std::string shown(std::string_view text) {
  constexpr size_t most = 40;
  return text.size() <= most ? printable(text)
                             : printable(text.substr(0, most)) + "…";
}

/// A finite number that f32 can hold, as the nearest f32. What is too small for
/// an f64 is refused too, since from_chars does not tell it from the too large.
std::optional<float> numberIn(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-"))
    text.remove_prefix(1);
  double wide = 0;
  auto [at, code] =
      std::from_chars(text.data(), text.data() + text.size(), wide);
  if (code != std::errc() || at != text.data() + text.size() ||
      !(std::abs(wide) <= double{std::numeric_limits<float>::max()}))
    return {};
  float number = 0;
  // Straight to f32, so that it is rounded once.
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec ==
      std::errc())
    return number;
  return static_cast<float>(wide);
}

class CsvReader {
public:
  CsvReader(ByteSpan bytes, std::string_view name, uint64_t kept)
      : rest_(asText(bytes)), name_(name), kept_(kept) {
    constexpr std::string_view byteOrderMark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byteOrderMark))
      rest_.remove_prefix(byteOrderMark.size());
  }

  Result<AccelerationTable> read() {
    while (!rest_.empty()) {
      std::string_view line = nextLine();
      ++line_;
      if (!trimmed(line).empty())
        RUNE_TRY(readLine(line));
    }
    return std::move(table_);
  }

private:
  /// Up to LF, CRLF or CR, which are taken off.
  std::string_view nextLine() {
    size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (rest_.starts_with("\r\n"))
      rest_.remove_prefix(2);
    else if (!rest_.empty())
      rest_.remove_prefix(1);
    return line;
  }

  Result<> readLine(std::string_view line) {
    std::array<std::string_view, columns> fields;
    size_t count = 0;
    for (size_t at = 0; at <= line.size(); ++count) {
      size_t end = std::min(line.find(',', at), line.size());
      if (count < columns)
        fields[count] = bare(line.substr(at, end - at));
      at = end + 1;
    }
    if (count != columns)
      return wrongCount(line, count);
    for (size_t i = 0; i < columns; ++i)
      RUNE_TRY(readField(fields, i));
    ++table_.samples;
    return {};
  }

  Result<> readField(std::span<const std::string_view> fields, size_t column) {
    auto number = numberIn(fields[column]);
    if (!number)
      return badNumber(fields, column);
    if (table_.samples < kept_)
      table_.values.push_back(*number);
    return {};
  }

  Diagnostic wrongCount(std::string_view line, size_t count) const {
    Diagnostic why =
        error("accel.bad-line",
              "Line {} should have {} fields but it actually had {}", line_,
              columns, count);
    why.note({},
             fmt::format("line {} of `{}` is `{}`", line_, name_, shown(line)));
    if (count == 1 && line.find_first_of(";\t") != line.npos)
      why.withHelp("separate the columns by commas");
    return why;
  }

  Diagnostic badNumber(std::span<const std::string_view> fields,
                       size_t column) const {
    Diagnostic why = error("accel.bad-number",
                           "Unable to parse \"{}\" on line {}, column {}",
                           shown(fields[column]), line_, column + 1);
    why.note(
        {}, fmt::format("`{}` needs finite numbers of the size of f32", name_));
    auto isNumber = [](std::string_view field) {
      return numberIn(field).has_value();
    };
    if (table_.samples == 0 && std::ranges::none_of(fields, isNumber))
      why.withHelp("the table has no header: take the first line out");
    return why;
  }

  std::string_view rest_;
  std::string_view name_;
  uint64_t kept_;
  uint64_t line_ = 0;
  AccelerationTable table_;
};

} // namespace

Result<AccelerationTable>
readAcceleration(ByteSpan bytes, std::string_view name, uint64_t kept) {
  if (isKnownBinary(bytes))
    return error("accel.not-csv", "`{}`: not a csv: {}", name,
                 looksLike(bytes));
  return CsvReader(bytes, name, kept).read();
}

} // namespace rune::runtime
