// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `rune cache`: what is kept between runs, and whether it is whole.
#include "cli/command.h"
#include "cli/kept_code.h"

#include "engine/native/code_cache.h"

namespace rune::cli {

namespace {

Json jsonOf(const KeptCode &entry) {
  Json json = {
      {"key", entry.key.hex()}, {"kind", entry.kind}, {"bytes", entry.bytes}};
  if (!entry.fault.empty())
    json["fault"] = entry.fault;
  return json;
}

void list(const std::vector<KeptCode> &entries, Console &console) {
  Json &listed = console.fields()["entries"] = Json::array();
  for (const KeptCode &entry : entries) {
    listed.push_back(jsonOf(entry));
    console.print(fmt::format(
        "{} {:<8}{:>12} bytes{}\n", entry.key.hex().substr(0, 12), entry.kind,
        entry.bytes, entry.fault.empty() ? "" : "  " + entry.fault));
  }
}

uint64_t bytesOf(const std::vector<KeptCode> &entries) {
  uint64_t sum = 0;
  for (const KeptCode &entry : entries)
    sum += entry.bytes;
  return sum;
}

std::string counted(size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "entry" : "entries");
}

/// What is damaged is removed: it would never be used.
Result<> verify(const std::string &folder, std::vector<KeptCode> entries,
                Console &console) {
  std::erase_if(entries,
                [](const KeptCode &entry) { return entry.kind != "bad"; });
  list(entries, console);
  for (const KeptCode &entry : entries)
    removeKeptCode(folder, entry.key);
  if (!entries.empty())
    return error("cache.damaged", "{} damaged, and removed",
                 counted(entries.size()));
  return {};
}

Result<> work(const std::string &what, Console &console) {
  std::string folder = engine::native::CodeCache::usualFolder();
  if (folder.empty())
    return error("engine.cache-folder", "nothing is kept: this user has no "
                                        "home folder, or `RUNE_CACHE` is "
                                        "empty");
  auto entries = RUNE_TRY(listKeptCode(folder, what == "verify"));
  console.fields()["folder"] = folder;
  console.fields()["count"] = entries.size();
  console.fields()["bytes"] = bytesOf(entries);
  if (what == "clear") {
    for (const KeptCode &entry : entries)
      removeKeptCode(folder, entry.key);
    console.print(fmt::format("removed {}, {} bytes\n", counted(entries.size()),
                              bytesOf(entries)));
    return {};
  }
  if (what == "ls")
    list(entries, console);
  console.print(fmt::format("{}, {} bytes, in {}\n", counted(entries.size()),
                            bytesOf(entries), folder));
  return what == "verify" ? verify(folder, std::move(entries), console)
                          : Result<>();
}

} // namespace

Action installCache(CLI::App &app) {
  auto what = std::make_shared<std::string>();
  app.add_option("what", *what,
                 "list what is kept, remove all of it, or check all of it and "
                 "remove what is damaged")
      ->required()
      ->check(CLI::IsMember({"ls", "clear", "verify"}))
      ->option_text("ls|clear|verify");
  return [what](Console &console) { return work(*what, console); };
}

} // namespace rune::cli
