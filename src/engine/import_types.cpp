// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/import_types.h"

namespace rune::engine {

const Import *findImport(std::span<const Import> imports,
                         const wasm::Import &wanted) {
  for (const Import &each : imports)
    if (each.module == wanted.module && each.name == wanted.name)
      return &each;
  return nullptr;
}

static std::string described(const wasm::SizeLimits &size) {
  return size.maximum ? fmt::format("{} to {}", size.minimum, *size.maximum)
                      : fmt::format("{} or more", size.minimum);
}
std::string described(const wasm::TableType &type) {
  return fmt::format("table of {} {}, indexed by {}", described(type.elements),
                     valueTypeName(type.element), valueTypeName(type.address));
}
std::string described(const wasm::MemoryType &type) {
  return fmt::format("memory of {} pages of {} bytes, addressed by {}",
                     described(type.pages), type.pageBytes(),
                     valueTypeName(type.address));
}
std::string described(const wasm::GlobalType &type) {
  return fmt::format("{} global of {}",
                     type.isMutable ? "mutable" : "immutable",
                     valueTypeName(type.value));
}
std::string described(const wasm::FunctionType &type) {
  return "function of type " + type.str();
}
std::string described(const External &given) {
  struct {
    std::string operator()(std::monostate) { return "nothing"; }
    std::string operator()(const Function *f) { return described(f->type()); }
    std::string operator()(const Table *t) { return described(t->type()); }
    std::string operator()(const Memory *m) { return described(m->type()); }
    std::string operator()(const Global *g) { return described(g->type()); }
  } visitor;
  return std::visit(visitor, given);
}

static bool fits(const wasm::SizeLimits &given,
                 const wasm::SizeLimits &wanted) {
  return given.minimum >= wanted.minimum &&
         (!wanted.maximum ||
          (given.maximum && *given.maximum <= *wanted.maximum));
}
bool fits(const wasm::TableType &given, const wasm::TableType &wanted) {
  return given.element == wanted.element && given.address == wanted.address &&
         fits(given.elements, wanted.elements);
}
bool fits(const wasm::MemoryType &given, const wasm::MemoryType &wanted) {
  return given.address == wanted.address &&
         given.pageSizeLog2 == wanted.pageSizeLog2 &&
         fits(given.pages, wanted.pages);
}
bool fits(const wasm::GlobalType &given, const wasm::GlobalType &wanted) {
  return given == wanted;
}
bool fits(const wasm::FunctionType &given, const wasm::FunctionType &wanted) {
  return given == wanted;
}

} // namespace rune::engine
