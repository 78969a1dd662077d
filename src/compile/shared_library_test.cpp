// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared libraries that the system's loader takes: this process loads them.
#include "compile/ahead.h"
#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/files.h"

namespace rune::compile {
namespace {

using Elf = llvm::object::ELF64LEObjectFile;

/// y = relu(x · w), and a sum over all runs.
graph::Graph model() {
  graph::GraphBuilder builder("model");
  auto weights = *Tensor::zeros(DType::F32, {4, 3});
  for (size_t i = 0; i < weights.count(); ++i)
    weights.as<float>()[i] = static_cast<float>(i) / 4 - 1;
  graph::ValueId x = builder.input("x", *parseTensorType("f32[2, 4]"));
  graph::ValueId w =
      builder.constant("w", graph::Constant::of(std::move(weights)));
  graph::ValueId product = *builder.one(graph::Op::MatMul, "product", {x, w});
  graph::ValueId y = *builder.one(graph::Op::Relu, "positive", {product});
  builder.output(y, "y");
  graph::ValueId sum = builder.variable("sum", *parseTensorType("f32[2, 3]"));
  graph::ValueId next = *builder.one(graph::Op::Add, "next", {sum, y});
  builder.update(sum, next);
  builder.output(next, "total");
  auto graph = std::move(builder).finish();
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return *std::move(graph);
}

Bytes libraryFor(machine::Target target) {
  AheadOptions options;
  options.target = target;
  options.name = "net";
  auto files = compileFiles(model(), options, Form::SharedLibrary, "libnet.so");
  EXPECT_TRUE(files.ok()) << files.error().message;
  return files.ok() ? std::move(files->code) : Bytes();
}

/// A library in this process.
class Loaded {
public:
  explicit Loaded(ByteSpan bytes)
      : path_(testing::TempDir() + "rune_net_" + std::to_string(getpid()) +
              ".so") {
    EXPECT_TRUE(writeFileAtomically(path_, bytes).ok());
    handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle_, nullptr) << dlerror();
  }
  ~Loaded() {
    if (handle_)
      dlclose(handle_);
    unlink(path_.c_str());
  }
  template <class T> T *find(const char *name) const {
    return handle_ ? reinterpret_cast<T *>(dlsym(handle_, name)) : nullptr;
  }

private:
  std::string path_;
  void *handle_ = nullptr;
};

TEST(SharedLibrary, IsLoadedAndComputes) {
  Loaded library(libraryFor(machine::hostTarget()));
  auto *run =
      library.find<int(const void *const *, void *const *, void *)>("net_run");
  auto *reset = library.find<void(void *)>("net_reset");
  ASSERT_NE(run, nullptr);
  ASSERT_NE(reset, nullptr);
  alignas(64) float x[8] = {1, -2, 3, 4, -5, 6, 0.5, 8};
  alignas(64) float y[6], total[6];
  alignas(64) static uint8_t arena[4096];
  const void *inputs[] = {x};
  void *outputs[] = {y, total};
  reset(arena);
  for (int runs = 1; runs <= 3; ++runs) {
    ASSERT_EQ(run(inputs, outputs, arena), 0);
    for (int row = 0; row < 2; ++row)
      for (int column = 0; column < 3; ++column) {
        float sum = 0;
        for (int k = 0; k < 4; ++k)
          sum += x[4 * row + k] * (static_cast<float>(3 * k + column) / 4 - 1);
        EXPECT_FLOAT_EQ(y[3 * row + column], std::max(sum, 0.0f));
        EXPECT_FLOAT_EQ(total[3 * row + column],
                        static_cast<float>(runs) * std::max(sum, 0.0f));
      }
  }
  const void *odd[] = {reinterpret_cast<const char *>(x) + 4};
  EXPECT_EQ(run(odd, outputs, arena), -1);
  EXPECT_EQ(library.find<void>("rune_region_0"), nullptr);
}

/// What a loader reads.
void expectSound(ByteSpan bytes, uint16_t processor) {
  llvm::MemoryBufferRef buffer(
      llvm::StringRef(reinterpret_cast<const char *>(bytes.data()),
                      bytes.size()),
      "libnet.so");
  auto read = Elf::create(buffer);
  ASSERT_TRUE(static_cast<bool>(read));
  const auto &file = read->getELFFile();
  EXPECT_EQ(file.getHeader().e_machine, processor);
  EXPECT_EQ(file.getHeader().e_type, llvm::ELF::ET_DYN);
  std::set<std::string> names;
  for (const auto &symbol : read->getDynamicSymbolIterators()) {
    names.insert(llvm::cantFail(symbol.getName()).str());
    EXPECT_FALSE(llvm::cantFail(symbol.getFlags()) &
                 llvm::object::SymbolRef::SF_Undefined);
    auto section = llvm::cantFail(symbol.getSection());
    ASSERT_NE(section, read->section_end());
    EXPECT_TRUE(section->isText());
  }
  EXPECT_EQ(names, (std::set<std::string>{"net_run", "net_reset"}));
  for (const auto &segment : llvm::cantFail(file.program_headers())) {
    EXPECT_FALSE((segment.p_flags & llvm::ELF::PF_W) &&
                 (segment.p_flags & llvm::ELF::PF_X));
    if (segment.p_type == llvm::ELF::PT_LOAD) {
      EXPECT_EQ((segment.p_vaddr - segment.p_offset) % segment.p_align, 0u);
    }
  }
  std::set<uint64_t> tags;
  for (const auto &entry : llvm::cantFail(file.dynamicEntries()))
    tags.insert(entry.getTag());
  for (uint64_t tag :
       {llvm::ELF::DT_RELA, llvm::ELF::DT_REL, llvm::ELF::DT_JMPREL,
        llvm::ELF::DT_NEEDED, llvm::ELF::DT_TEXTREL})
    EXPECT_FALSE(tags.contains(tag)) << tag;
}

TEST(SharedLibrary, NeedsNothingAndShowsTheModelsFunctionsOnly) {
  using machine::Family;
  for (uint8_t level : {2, 3, 4})
    expectSound(libraryFor({Family::X86_64, level}), llvm::ELF::EM_X86_64);
  expectSound(libraryFor({Family::AArch64}), llvm::ELF::EM_AARCH64);
  expectSound(libraryFor({Family::RiscV64}), llvm::ELF::EM_RISCV);
}

TEST(SharedLibrary, SeveralAreMadeAtOnce) {
  Bytes alone = libraryFor(machine::hostTarget());
  std::vector<Bytes> together(4);
  std::vector<std::thread> threads;
  for (Bytes &bytes : together)
    threads.emplace_back([&] { bytes = libraryFor(machine::hostTarget()); });
  for (std::thread &thread : threads)
    thread.join();
  for (const Bytes &bytes : together)
    EXPECT_EQ(bytes, alone);
}

TEST(SharedLibrary, IsNotForWebAssembly) {
  AheadOptions options;
  options.target = {machine::Family::Wasm32};
  auto made = compileFiles(model(), options, Form::SharedLibrary);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "compile.wrong-form");
  auto module = compileFiles(model(), {}, Form::WasmModule);
  ASSERT_FALSE(module.ok());
  EXPECT_EQ(module.error().code, "compile.wrong-form");
}

} // namespace
} // namespace rune::compile
