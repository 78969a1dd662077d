// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "link/block_interface.h"

#include "base/did_you_mean.h"
#include "wasm/decode.h"

#include <algorithm>

namespace rune::link {

namespace {

using wasm::ExternKind;

class BlockChecker {
public:
  BlockChecker(const wasm::Module &module, std::string who, Location where,
               Report &report)
      : module_(module), who_(std::move(who)), where_(std::move(where)),
        report_(report) {}

  bool run() {
    size_t before = report_.errors();
    checkImports();
    if (checkModel())
      for (const BlockExport &wanted : blockExports)
        checkExport(wanted);
    return report_.errors() == before;
  }

private:
  void checkImports() {
    for (const wasm::Import &import : module_.imports)
      report_
          .error("link.import-refused", where_,
                 "{} imports the {} `{}` from `{}`, which no host grants", who_,
                 wasm::externKindName(import.kind), import.name, import.module)
          .withHelp(import.module.starts_with("wasi")
                        ? "build it without WASI: no files, clocks or output, "
                          "and as a reactor (`-mexec-model=reactor`)"
                        : "define it inside the block; a block gets its input "
                          "from the functions it exports");
  }

  /// What a command is says nothing about the other exports: they are missing
  /// for that reason.
  bool checkModel() {
    bool started = module_.findExport(ExternKind::Function, "_start") &&
                   !module_.findExport(ExternKind::Function, "_initialize");
    if (!started && !wrapsConstructors(module_))
      return true;
    report_
        .error("link.command-module", where_,
               "{} is a command: {}, but a block is started once and called "
               "many times",
               who_,
               started ? "it exports `_start`"
                       : "each function that it exports runs all constructors")
        .withHelp("build it as a reactor: `-mexec-model=reactor` with clang, "
                  "`crate-type = [\"cdylib\"]` with Rust");
    return false;
  }

  bool isCm32p2() const {
    return std::ranges::any_of(module_.exports, [](auto &each) {
      return each.name.starts_with("cm32p2");
    });
  }

  const wasm::Export *find(std::string_view name) const {
    auto at = std::ranges::find(module_.exports, name, &wasm::Export::name);
    return at == module_.exports.end() ? nullptr : &*at;
  }

  void checkExport(const BlockExport &wanted) {
    std::string_view name = isCm32p2() ? wanted.cm32p2 : wanted.legacy;
    const wasm::Export *found = find(name);
    if (!found) {
      if (wanted.required)
        missing(name, wanted);
      return;
    }
    std::string seen =
        found->kind == ExternKind::Function
            ? module_.functionType(found->index).str()
            : fmt::format("a {}", wasm::externKindName(found->kind));
    bool right = wanted.signature.empty() ? found->kind == ExternKind::Memory
                                          : seen == wanted.signature;
    if (!right)
      report_.error("link.wrong-export", where_,
                    "{} exports `{}` as {}, it should be {}", who_, name, seen,
                    wanted.signature.empty() ? "a memory" : wanted.signature);
  }

  void missing(std::string_view name, const BlockExport &wanted) {
    Diagnostic &why = report_.error(
        "link.missing-export", where_, "{} does not export {} `{}`", who_,
        wanted.signature.empty() ? "the memory" : "the function", name);
    std::vector<std::string> names;
    for (const wasm::Export &each : module_.exports)
      names.push_back(each.name);
    if (auto near = didYouMean(name, names))
      why.withHelp(fmt::format("it exports `{}`", *near));
    else
      why.withHelp("a block exports the interface `rune:block/block@0.1.0` of "
                   "wit/rune-block.wit");
  }

  const wasm::Module &module_;
  std::string who_;
  Location where_;
  Report &report_;
};

} // namespace

bool checkBlock(ByteSpan wasm, std::string_view name, std::string_view user,
                const Location &where, Report &report) {
  std::string who = fmt::format("block `{}` of stage `{}`", name, user);
  auto module = wasm::load(wasm, Source::binary(std::string(name)));
  if (module)
    return BlockChecker(**module, std::move(who), where, report).run();
  const Diagnostic &why = module.error();
  report
      .error("link.bad-block", where, "{} is not a valid WebAssembly module",
             who)
      .note(why.where, fmt::format("{} [{}]", why.message, why.code));
  return false;
}

} // namespace rune::link
