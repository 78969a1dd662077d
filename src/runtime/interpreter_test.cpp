// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The binding on the real interpreter: with the blocks of our library, and with
// modules that were built to do harm.
#include "base/files.h"
#include "runtime/arguments.h"
#include "runtime/block_instance.h"
#include "runtime/deadline.h"
#include "wasm/test_module_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using testing::HasSubstr;
using wasm::Opcode;
using wasm::test::Code;
using wasm::test::ModuleBuilder;
constexpr wasm::ValueType i32 = wasm::ValueType::I32;

/// A block of the library, as the build left it.
Bytes libraryBlock(const std::string &name) {
  auto file = FileBytes::open(RUNE_BLOCKS_DIR "/" + name + ".wasm", 1 << 20);
  EXPECT_TRUE(file) << name;
  if (!file)
    return {};
  return {file->bytes().begin(), file->bytes().end()};
}

/// A running block; the engine and the bytes live as long.
struct Running {
  std::unique_ptr<engine::Engine> engine = engine::makeInterpreter();
  Bytes wasm;
  Result<BlockInstance> block;

  explicit Running(Bytes module, BlockLimits limits = {},
                   engine::Deadline deadline = {})
      : wasm(std::move(module)),
        block(BlockInstance::load(*engine, wasm, {"stage", "block"}, limits,
                                  deadline)) {}
};

Result<std::vector<Tensor>> compute(BlockInstance &block, const Tensor &input) {
  TensorView view = input.view();
  return block.compute({&view, 1}, {});
}

template <class T>
Tensor tensorOf(DType dtype, std::vector<int64_t> sizes,
                std::vector<T> values) {
  ByteSpan data(reinterpret_cast<const uint8_t *>(values.data()),
                values.size() * sizeof(T));
  return std::move(*Tensor::copyOf({dtype, sizes, data}));
}

TEST(LibraryBlocks, SayWhoTheyAre) {
  for (std::string name : {"argmax", "identity", "image-normalization", "label",
                           "most_confident_indices", "softmax"}) {
    Running running(libraryBlock(name));
    ASSERT_TRUE(running.block) << running.block.error().message;
    auto metadata = running.block->metadata({});
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_EQ(metadata->name, name);
    // `identity` takes as many as it is given, so it declares none.
    EXPECT_EQ(metadata->inputs.size(), name == "identity" ? 0u : 1u);
    EXPECT_FALSE(metadata->version.empty());
  }
}

TEST(LibraryBlocks, NormaliseAnImage) {
  Running running(libraryBlock("image-normalization"));
  ASSERT_TRUE(running.block->create({}, {}));
  TensorType type = *parseTensorType("u8[1, 28, ?, 3]");
  auto types = running.block->graph({&type, 1}, {});
  ASSERT_TRUE(types) << types.error().message;
  EXPECT_EQ(types->at(0).str(), "f32[1, 28, ?, 3]");
  auto outputs = compute(
      *running.block, tensorOf<uint8_t>(DType::U8, {1, 1, 1, 3}, {0, 51, 255}));
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs->at(0).type().str(), "f32[1, 1, 1, 3]");
  EXPECT_THAT(outputs->at(0).as<float>(), testing::ElementsAre(0, 0.2f, 1));
}

TEST(LibraryBlocks, LabelAndRefuse) {
  Running running(libraryBlock("label"));
  auto metadata = running.block->metadata({});
  auto arguments = bindArguments(
      "stage", *metadata,
      std::vector<container::Argument>{{"wordlist", "a\nbé"}}, {});
  ASSERT_TRUE(arguments) << arguments.error().message;
  ASSERT_TRUE(running.block->create(*arguments, {}));
  for (int run = 0; run < 3; ++run) {
    auto words =
        compute(*running.block, tensorOf<uint32_t>(DType::U32, {2}, {1, 0}));
    ASSERT_TRUE(words) << words.error().message;
    EXPECT_THAT(*textElements(words->at(0).view()),
                testing::ElementsAre("bé", "a"));
  }
  auto refused =
      compute(*running.block, tensorOf<uint32_t>(DType::U32, {1}, {7}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "runtime.block-refused");
  EXPECT_THAT(refused.error().message,
              HasSubstr("there are 2 labels but label 7 was requested"));
  EXPECT_TRUE(
      compute(*running.block, tensorOf<uint32_t>(DType::U32, {1}, {0})));
}

TEST(LibraryBlocks, PassTensorsOfEverySizeThrough) {
  Running running(libraryBlock("identity"));
  ASSERT_TRUE(running.block->create({}, {}));
  for (int64_t size : {0, 1, 1000003}) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>(i * 7);
    Tensor input = tensorOf(DType::U8, {size}, bytes);
    auto outputs = compute(*running.block, input);
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_TRUE(std::ranges::equal(outputs->at(0).bytes(), input.bytes()));
  }
}

TEST(LibraryBlocks, SayThatAnInputIsTooLarge) {
  Running running(libraryBlock("identity"));
  ASSERT_TRUE(running.block->create({}, {}));
  auto outputs = compute(*running.block, *Tensor::zeros(DType::U8, {64 << 20}));
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, "runtime.trap");
  EXPECT_THAT(outputs.error().help, HasSubstr("too large for this block"));
}

TEST(LibraryBlocks, NeedTheMemoryTheyDeclare) {
  BlockLimits limits;
  limits.guest.memoryBytes = 1 << 20;
  Running running(libraryBlock("identity"), limits);
  ASSERT_FALSE(running.block);
  EXPECT_EQ(running.block.error().code, "engine.limit");
  EXPECT_THAT(running.block.error().message,
              HasSubstr("stage `stage`, block `block`"));
}

/// A block whose `compute` and whose allocator have these bodies, and whose
/// other functions answer with address 0, an ok result.
Bytes hostile(const Code &computeBody, const Code &reallocBody) {
  ModuleBuilder module;
  uint32_t none = module.type({}, {i32});
  uint32_t two = module.type({i32, i32}, {i32});
  uint32_t four = module.type({i32, i32, i32, i32}, {i32});
  std::string prefix = "rune:block/block@0.1.0#";
  Code zero = Code().i32(0).end();
  module.memory(1, 1);
  module.exported("memory", 0, wasm::ExternKind::Memory);
  module.exported(prefix + "metadata", module.function(none, zero));
  module.exported(prefix + "create", module.function(two, zero));
  module.exported(prefix + "graph", module.function(two, zero));
  module.exported(prefix + "compute", module.function(two, computeBody));
  module.exported("cabi_realloc", module.function(four, reallocBody));
  return module.bytes();
}

Code returning(int32_t number) { return Code().i32(number).end(); }

TEST(HostileGuests, LoopForeverUntilTheDeadline) {
  Code forever = Code()
                     .block(Opcode::Loop)
                     .op(Opcode::Br, 0)
                     .end()
                     .op(Opcode::Unreachable)
                     .end();
  for (const Bytes &module :
       {hostile(forever, returning(1024)), hostile(returning(0), forever)}) {
    Running running(module);
    ASSERT_TRUE(running.block) << running.block.error().message;
    auto outputs =
        running.block->compute({}, deadlineIn(std::chrono::milliseconds(20)));
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().code, "runtime.deadline");
    EXPECT_EQ(running.block->compute({}, {}).error().code, "runtime.deadline");
  }
}

TEST(HostileGuests, TrapInTheAllocator) {
  Running running(hostile(returning(0), Code().op(Opcode::Unreachable).end()));
  auto outputs = running.block->compute({}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().code, "runtime.trap");
}

TEST(HostileGuests, AnswerOutsideOfTheirMemory) {
  for (int32_t address : {-4, 65536, 65508, 2}) {
    Running running(hostile(returning(address), returning(1024)));
    auto outputs = running.block->compute({}, {});
    ASSERT_FALSE(outputs) << address;
    EXPECT_EQ(outputs.error().code, "runtime.bad-guest-value");
  }
}

TEST(HostileGuests, OverlapWhatTheAllocatorGaveOut) {
  // Every allocation is the same address: the guest harms only itself.
  Running running(hostile(returning(0), returning(1024)));
  auto outputs =
      compute(*running.block, tensorOf<uint8_t>(DType::U8, {3}, {1, 2, 3}));
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE(outputs->empty());
}

TEST(HostileGuests, WantImportsThatNobodyGrants) {
  ModuleBuilder module;
  module.importFunction("env", "open", module.type({}, {}));
  Running running(module.bytes());
  ASSERT_FALSE(running.block);
  EXPECT_EQ(running.block.error().code, "engine.missing-import");
}

TEST(HostileGuests, AreNoModuleAtAll) {
  Running running({1, 2, 3});
  ASSERT_FALSE(running.block);
  EXPECT_THAT(running.block.error().code, testing::StartsWith("wasm."));
}

} // namespace
} // namespace rune::runtime
