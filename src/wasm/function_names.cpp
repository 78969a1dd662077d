// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/function_names.h"

#include "wasm/reader.h"

#include <algorithm>

namespace rune::wasm {

namespace {

constexpr size_t longest = 200;

std::string readable(std::string_view text) {
  std::string name(text.substr(0, longest));
  std::ranges::replace_if(
      name, [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return name;
}

/// The subsection of functions: a vector of (index, name).
Result<> readMap(Reader reader, std::vector<std::string> &names) {
  for (uint32_t count = RUNE_TRY(reader.u32()); count > 0; --count) {
    uint32_t index = RUNE_TRY(reader.u32());
    uint32_t bytes = RUNE_TRY(reader.u32());
    ByteSpan text = RUNE_TRY(reader.take(bytes));
    if (index < names.size())
      names[index] = readable(asText(text));
  }
  return {};
}

Result<> readSection(ByteSpan payload, std::vector<std::string> &names) {
  constexpr uint8_t functions = 1;
  Reader reader(payload);
  while (!reader.atEnd()) {
    uint8_t id = RUNE_TRY(reader.byte());
    uint32_t bytes = RUNE_TRY(reader.u32());
    ByteSpan content = RUNE_TRY(reader.take(bytes));
    if (id == functions)
      return readMap(Reader(content), names);
  }
  return {};
}

} // namespace

std::vector<std::string> functionNames(const Module &module) {
  std::vector<std::string> names(module.functions.size());
  if (const CustomSection *section = module.findCustomSection("name"))
    (void)readSection(section->payload, names);
  auto giveIfUnnamed = [&](uint32_t index, const std::string &name) {
    if (names[index].empty())
      names[index] = readable(name);
  };
  for (const Import &import : module.imports)
    if (import.kind == ExternKind::Function)
      giveIfUnnamed(import.index, import.module + "." + import.name);
  for (const Export &each : module.exports)
    if (each.kind == ExternKind::Function)
      giveIfUnnamed(each.index, each.name);
  for (uint32_t i = 0; i < names.size(); ++i)
    giveIfUnnamed(i, "wasm[" + std::to_string(i) + "]");
  return names;
}

} // namespace rune::wasm
