// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/abi/exports.h"

#include <fmt/format.h>

namespace rune::runtime {

using wasm::ValueType;

/// The version as the standard spelling writes it: the parts that decide
/// compatibility, "0.1" for 0.1.3 and "2" for 2.4.0.
static std::string canonicalVersion(std::string_view version) {
  size_t end = version.find('.');
  if (version.substr(0, end) == "0")
    end = version.find('.', end + 1);
  return std::string(version.substr(0, end));
}

Result<InterfaceExports> InterfaceExports::find(const engine::Instance &guest,
                                                std::string_view interface,
                                                std::string_view version,
                                                std::string_view probe) {
  std::string legacy = fmt::format("{}@{}#", interface, version);
  std::string standard =
      fmt::format("cm32p2|{}@{}|", interface, canonicalVersion(version));
  InterfaceExports exports;
  exports.guest_ = &guest;
  exports.standard_ = !guest.exportedFunction(legacy + std::string(probe));
  exports.prefix_ = exports.standard_ ? standard : legacy;
  if (!guest.exportedFunction(exports.prefix_ + std::string(probe)))
    return error("runtime.not-a-block",
                 "the module exports neither `{}{}` nor `{}{}`", legacy, probe,
                 standard, probe);
  return exports;
}

Result<std::optional<uint32_t>>
InterfaceExports::optional(const std::string &name,
                           const wasm::FunctionType &type) const {
  auto function = guest_->exportedFunction(name);
  if (function && guest_->functionType(*function) != type)
    return error("runtime.not-a-block", "export `{}` has type {}, not {}", name,
                 guest_->functionType(*function).str(), type.str());
  return function;
}

Result<uint32_t>
InterfaceExports::function(std::string_view name,
                           const wasm::FunctionType &type) const {
  std::string whole = prefix_ + std::string(name);
  auto function = RUNE_TRY(optional(whole, type));
  if (!function)
    return error("runtime.not-a-block", "the module has no export `{}`", whole);
  return *function;
}

Result<std::optional<uint32_t>>
InterfaceExports::post(std::string_view name) const {
  return optional(standard_ ? fmt::format("{}{}_post", prefix_, name)
                            : fmt::format("cabi_post_{}{}", prefix_, name),
                  {{ValueType::I32}, {}});
}

Result<std::optional<uint32_t>> InterfaceExports::realloc() const {
  constexpr ValueType i32 = ValueType::I32;
  return optional(standard_ ? "cm32p2_realloc" : "cabi_realloc",
                  {{i32, i32, i32, i32}, {i32}});
}

Result<std::optional<uint32_t>> InterfaceExports::initialize() const {
  return optional(standard_ ? "cm32p2_initialize" : "_initialize", {});
}

} // namespace rune::runtime
