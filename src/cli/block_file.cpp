// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/block_file.h"

#include "base/did_you_mean.h"
#include "blocks/library.h"
#include "cli/paths.h"
#include "runefile/words.h"

#include <algorithm>
#include <filesystem>

namespace rune::cli {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t maxBlockBytes = uint64_t{64} << 20;

Result<BlockFile> openModule(const fs::path &path) {
  auto file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(path.string(), maxBlockBytes)));
  return BlockFile{path.stem().string(), file->bytes(), file, nullptr};
}

bool isFile(const fs::path &path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// The `*.wasm` in a folder, sorted.
Result<std::vector<std::string>> modulesIn(const fs::path &folder) {
  std::vector<std::string> names;
  std::error_code why;
  for (fs::directory_iterator at(folder, why), end; !why && at != end;
       at.increment(why))
    if (at->path().extension() == ".wasm")
      names.push_back(at->path().filename().string());
  if (why)
    return error("file.unreadable", "unable to read `{}`: {}", folder.string(),
                 why.message());
  std::ranges::sort(names);
  return names;
}

/// What the folder's own module may be called.
std::vector<fs::path> likelyModules(const fs::path &folder) {
  std::string name = folder.filename().string() + ".wasm";
  std::string rustName = name;
  std::ranges::replace(rustName, '-', '_');
  fs::path rustOutput = "target/wasm32-unknown-unknown/release";
  return {folder / name, folder / rustName, folder / rustOutput / rustName};
}

Diagnostic noModule(const std::string &what, const fs::path &folder) {
  std::string expected = folder.filename().string() + ".wasm";
  if (isFile(folder / "Cargo.toml"))
    return error("block.not-built",
                 "`{}` is a Rust crate, and no module of it has been built",
                 what)
        .withHelp(fmt::format(
            "build it with `cargo build --release --target "
            "wasm32-unknown-unknown` or put `{}` into it; it must export the "
            "interface of wit/rune-block.wit, not that of the first system",
            expected));
  return error("block.no-module", "`{}` is a folder without a `.wasm`", what)
      .withHelp(fmt::format("put the block into it as `{}`", expected));
}

Result<BlockFile> openFolder(const std::string &what, const fs::path &folder) {
  for (const fs::path &module : likelyModules(folder))
    if (isFile(module))
      return openModule(module);
  std::vector<std::string> modules = RUNE_TRY(modulesIn(folder));
  if (modules.empty())
    return noModule(what, folder);
  if (modules.size() > 1)
    return error("block.several-modules",
                 "`{}` is a folder with several modules: {}", what,
                 fmt::join(modules, ", "))
        .withHelp(fmt::format("name one of them: `{}/{}`", what, modules[0]));
  return openModule(folder / modules[0]);
}

/// A block of one's own. A sub-path leads further down, a version means
/// nothing.
Result<BlockFile> openLocal(const runefile::BlockPath &parts,
                            const std::string &what,
                            const std::string &folder) {
  fs::path path = resolvePath(std::string(parts.base), folder);
  if (!parts.subPath.empty())
    path = (path / parts.subPath).lexically_normal();
  if (!path.has_filename())
    path = path.parent_path(); // `./identity/`
  std::error_code why;
  if (fs::is_directory(path, why))
    return openFolder(what, path);
  return openModule(path);
}

Diagnostic unknownBlock(const std::string &name) {
  std::vector<std::string> known;
  for (const blocks::LibraryBlock &block : blocks::all())
    known.emplace_back(block.name);
  Diagnostic why = error("check.unknown-block",
                         "there is no block `{}` in the library", name);
  if (auto near = didYouMean(name, known))
    return why.withHelp(fmt::format("did you mean `{}`?", *near));
  return why.withHelp(
      fmt::format("the library has {}; a block of your own is named by its "
                  "path, `./{}.wasm`",
                  fmt::join(known, ", "), name));
}

} // namespace

Result<BlockFile> openBlock(const std::string &what,
                            const std::string &folder) {
  auto parts = runefile::parseBlockPath(what);
  if (!parts || parts->isLocal())
    return openLocal(parts.value_or(runefile::BlockPath{what, {}, {}}), what,
                     folder);
  std::string name(parts->name());
  const blocks::LibraryBlock *found = blocks::find(name);
  if (!found)
    return unknownBlock(name);
  return BlockFile{std::string(found->name), found->wasm, nullptr, nullptr};
}

} // namespace rune::cli
