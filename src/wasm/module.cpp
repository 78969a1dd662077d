// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace rune::wasm {

std::string_view valueTypeName(ValueType type) {
  switch (type) {
  case ValueType::I32:
    return "i32";
  case ValueType::I64:
    return "i64";
  case ValueType::F32:
    return "f32";
  case ValueType::F64:
    return "f64";
  case ValueType::V128:
    return "v128";
  case ValueType::FuncRef:
    return "funcref";
  case ValueType::ExternRef:
    return "externref";
  }
  return "unknown";
}

std::string_view externKindName(ExternKind kind) {
  switch (kind) {
  case ExternKind::Function:
    return "function";
  case ExternKind::Table:
    return "table";
  case ExternKind::Memory:
    return "memory";
  case ExternKind::Global:
    return "global";
  }
  return "unknown";
}

static std::string typeList(const std::vector<ValueType> &types) {
  std::vector<std::string_view> names(types.size());
  std::transform(types.begin(), types.end(), names.begin(), valueTypeName);
  return fmt::format("({})", fmt::join(names, ", "));
}

std::string FunctionType::str() const {
  return typeList(parameters) + " -> " + typeList(results);
}

const Export *Module::findExport(ExternKind kind, std::string_view name) const {
  for (const Export &entry : exports)
    if (entry.kind == kind && entry.name == name)
      return &entry;
  return nullptr;
}

const CustomSection *Module::findCustomSection(std::string_view name) const {
  for (const CustomSection &section : customSections)
    if (section.name == name)
      return &section;
  return nullptr;
}

} // namespace rune::wasm
