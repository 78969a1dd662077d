// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the seeds of rune_file_fuzz, and the sample Rune that docs/format.md
// shows: `rune_samples FOLDER [identity.wasm]`. With a block's module, also a
// Rune that sends its input through it.
#include "base/files.h"
#include "container/sample_rune.h"
#include "container/write.h"

#include <cstdio>

using namespace rune;

static Result<> writeSeeds(const std::string &folder) {
  RUNE_TRY(writeFileAtomically(
      folder + "/sample.rune",
      RUNE_TRY(container::write(container::sampleRune().file))));
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    container::OwnedRune rune = container::randomRune(random);
    RUNE_TRY(writeFileAtomically(fmt::format("{}/random-{}.rune", folder, seed),
                                 RUNE_TRY(container::write(rune.file))));
  }
  return {};
}

/// raw -> identity -> serial
static Result<> writePassThrough(const std::string &folder,
                                 const std::string &block) {
  FileBytes module = RUNE_TRY(FileBytes::open(block, 64 << 20));
  container::RuneFile file;
  file.name = "identity";
  file.image = "runicos/base";
  file.producer = "rune_samples";
  file.blocks.push_back({"identity", {}, module.bytes()});
  TensorType type{DType::F32, {Dim(3)}};
  container::Stage raw, identity, serial;
  raw.name = "raw";
  raw.capability = "RAW";
  raw.outputs = {type};
  identity.name = "identity";
  identity.kind = container::StageKind::ProcBlock;
  identity.inputs = {{0, 0}};
  identity.outputs = {type};
  serial.name = "serial";
  serial.kind = container::StageKind::Out;
  serial.capability = "SERIAL";
  serial.inputs = {{1, 0}};
  file.stages = {raw, identity, serial};
  return writeFileAtomically(folder + "/identity.rune",
                             RUNE_TRY(container::write(file)));
}

int main(int count, char **arguments) {
  if (count != 2 && count != 3) {
    std::fputs("usage: rune_samples FOLDER [identity.wasm]\n", stderr);
    return 2;
  }
  auto done = writeSeeds(arguments[1]);
  if (done && count == 3)
    done = writePassThrough(arguments[1], arguments[2]);
  if (!done) {
    std::fputs(renderText(done.error()).c_str(), stderr);
    return 4;
  }
  return 0;
}
