// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is asked of a compiling worker, as bytes (compile_worker.h).
#pragma once

#include "engine/native/compile_worker.h"

namespace rune::engine::native {

struct WorkerRequest {
  WorkerLimits limits;
  CompileOptions options;
  wasm::Features features;
  std::string cacheFolder;
  Sha256 key;
  ByteSpan module;
};

Bytes writeRequest(const WorkerRequest &request);
/// The module points into `bytes`; a deadline counts from now.
///
/// errors  `engine.bad-request`
Result<WorkerRequest> readRequest(ByteSpan bytes);

/// Bytes up to the end of a file, at most `most`; nothing if it cannot be read.
std::optional<Bytes> readToEnd(int file, uint64_t most);
bool writeAll(int file, ByteSpan bytes);

/// More than any module and any code.
constexpr uint64_t workerBytesMost = uint64_t{2} << 30;
/// How a worker ends that gets no more memory.
constexpr int workerOutOfMemory = 42;
/// The file that a worker in the background keeps open.
constexpr int claimFile = 3;

} // namespace rune::engine::native
