// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The worker's side.
#include "engine/native/compile_worker.h"

#include "engine/native/code_cache.h"
#include "engine/native/worker_request.h"
#include "wasm/decode.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fcntl.h>
#include <new>

namespace rune::engine::native {

namespace {

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr bool memoryCanBeLimited = false; // its shadow is terabytes
#else
constexpr bool memoryCanBeLimited = true;
#endif

void setLimit(__rlimit_resource what, uint64_t most) {
  rlimit limit = {};
  if (getrlimit(what, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(limit.rlim_max, most);
  setrlimit(what, &limit);
}

void setLimits(const WorkerRequest &request) {
  if (memoryCanBeLimited)
    setLimit(RLIMIT_AS, request.limits.memoryBytes);
  setLimit(RLIMIT_CORE, 0);
  if (request.options.deadline) {
    auto left = std::chrono::ceil<std::chrono::seconds>(
        *request.options.deadline - Clock::now());
    auto seconds = static_cast<uint64_t>(std::max<int64_t>(left.count(), 0));
    setLimit(RLIMIT_CPU, (seconds + 1) * request.options.threads);
  }
  std::set_new_handler([] {
    std::string_view words = "out of memory\n";
    (void)!::write(STDERR_FILENO, words.data(), words.size());
    _exit(workerOutOfMemory);
  });
}

Result<Bytes> answer(Compiler &compiler, const WorkerRequest &request) {
  auto module = RUNE_TRY(wasm::load(request.module, Source::binary("module"),
                                    nullptr, request.features));
  std::atomic<bool> stop = false;
  return compiler.compile(*module, request.options, stop);
}

void say(const Result<Bytes> &result) {
  ByteWriter writer;
  writer.u8(result.ok());
  if (result.ok()) {
    writer.raw(*result);
  } else {
    writer.text(result.error().code);
    writer.text(result.error().message);
    writer.text(result.error().help);
  }
  (void)writeAll(STDOUT_FILENO, writer.bytes());
}

/// One worker in the background at a time, and politely: the time to compile is
/// counted in processor time (setLimits), so that a machine that is busy makes
/// no code seem impossible.
int makeForCache(Compiler &compiler, WorkerRequest request) {
  (void)!::nice(10);
  request.options.deadline = {};
  auto cache = CodeCache::open(request.cacheFolder);
  if (!cache)
    return 1;
  cache->noteAttempt(request.key);
  int turn = ::open((request.cacheFolder + "/turn").c_str(),
                    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (turn >= 0)
    ::flock(turn, LOCK_EX);
  Result<Bytes> code = answer(compiler, request);
  bool kept = code.ok() && cache->keep(request.key, *code).ok();
  cache->release(request.key, claimFile);
  return kept ? 0 : 1;
}

} // namespace

int serveCompile(Compiler &compiler) {
  std::optional<Bytes> bytes = readToEnd(STDIN_FILENO, workerBytesMost);
  auto request = bytes ? readRequest(*bytes)
                       : Result<WorkerRequest>(error("engine.bad-request",
                                                     "no request can be read"));
  if (!request) {
    say(std::move(request).error());
    return 1;
  }
  setLimits(*request);
  if (!request->cacheFolder.empty())
    return makeForCache(compiler, *request);
  say(answer(compiler, *request));
  return 0;
}

} // namespace rune::engine::native
