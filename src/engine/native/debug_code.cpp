// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/debug_code.h"

#include "wasm/function_names.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

// The interface looks for exactly these names, so they are the process's.
// source  GDB manual, "JIT Compilation Interface"
extern "C" {
struct jit_code_entry {
  jit_code_entry *next;
  jit_code_entry *previous;
  const void *object;
  uint64_t bytes;
};
struct jit_descriptor {
  uint32_t version;
  uint32_t action;
  jit_code_entry *relevant;
  jit_code_entry *first;
};
/// gdb stops here. The empty instruction keeps calls of it from vanishing.
__attribute__((noinline, used, visibility("default"))) void
__jit_debug_register_code() {
  asm volatile("" ::: "memory");
}
__attribute__((used, visibility("default"))) jit_descriptor
    __jit_debug_descriptor = {1, 0, nullptr, nullptr};
}

namespace rune::engine::native {

struct DebugCode::Entry : jit_code_entry {};

namespace {

enum Action : uint32_t { Register = 1, Unregister = 2 };

std::mutex &descriptorLock() {
  static auto *lock = new std::mutex;
  return *lock;
}

void tell(jit_code_entry *entry, Action action) {
  __jit_debug_descriptor.relevant = entry;
  __jit_debug_descriptor.action = action;
  __jit_debug_register_code();
}

Result<> writePerfMap(const std::vector<NamedCode> &names) {
  std::string path = fmt::format("/tmp/perf-{}.map", getpid());
  // Nobody else's file, and no link to one: anyone may write there.
  int file =
      ::open(path.c_str(),
             O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  std::string lines;
  for (const NamedCode &each : names)
    lines += fmt::format("{:x} {:x} {}\n", each.begin, each.bytes, each.name);
  bool written = file >= 0 && ::write(file, lines.data(), lines.size()) ==
                                  static_cast<ssize_t>(lines.size());
  int why = errno;
  if (file >= 0)
    ::close(file);
  if (!written)
    return error("file.unwritable", "unable to write `{}`: {}", path,
                 std::strerror(why));
  return {};
}

} // namespace

std::vector<NamedCode> namedCode(const CodeImage &image,
                                 const wasm::Module &module) {
  std::vector<std::string> names = wasm::functionNames(module);
  auto base = reinterpret_cast<uint64_t>(image.code().data());
  const std::vector<CodeRange> &ranges = image.ranges();
  std::vector<NamedCode> all;
  for (size_t i = 0; i < ranges.size(); ++i) {
    uint64_t end =
        i + 1 < ranges.size() ? ranges[i + 1].begin : image.codeBytes();
    uint32_t function = ranges[i].function;
    all.push_back({base + ranges[i].begin, end - ranges[i].begin,
                   function < names.size() ? names[function]
                                           : "[rune: into or out of wasm]"});
  }
  return all;
}

Result<std::unique_ptr<DebugCode>>
DebugCode::announce(const CodeImage &image, const wasm::Module &module,
                    const DebugOptions &options) {
  std::unique_ptr<DebugCode> code(new DebugCode);
  std::vector<NamedCode> names = namedCode(image, module);
  if (options.gdb) {
    code->object_ = elfObject(image.code(), names);
    code->tellGdb();
  }
  if (options.perf)
    RUNE_TRY(writePerfMap(names));
  return code;
}

void DebugCode::tellGdb() {
  std::lock_guard lock(descriptorLock());
  jit_descriptor &all = __jit_debug_descriptor;
  entry_ = std::make_unique<Entry>();
  *static_cast<jit_code_entry *>(entry_.get()) = {
      all.first, nullptr, object_.data(), object_.size()};
  if (all.first)
    all.first->previous = entry_.get();
  all.first = entry_.get();
  tell(entry_.get(), Register);
}

DebugCode::~DebugCode() {
  if (!entry_)
    return;
  std::lock_guard lock(descriptorLock());
  if (entry_->previous)
    entry_->previous->next = entry_->next;
  else
    __jit_debug_descriptor.first = entry_->next;
  if (entry_->next)
    entry_->next->previous = entry_->previous;
  tell(entry_.get(), Unregister);
}

} // namespace rune::engine::native
