// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real models that end too early, at every 64th byte: an ONNX file, a
// TensorFlow Lite file and a stored graph with its weights. Each is refused
// with a message, or the bytes that are missing meant nothing.
#include "base/files.h"
#include "graph/store.h"
#include "graph/verify.h"
#include "import/import.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace rune::import {
namespace {

constexpr size_t step = 64;

std::optional<Bytes> bytesOf(const std::string &path) {
  auto file = FileBytes::open(RUNE_SOURCE_DIR "/" + path, uint64_t{1} << 30);
  if (!file)
    return std::nullopt;
  return Bytes(file->bytes().begin(), file->bytes().end());
}

/// How many of the shorter files are refused; the whole one is not.
size_t refusedOf(const Bytes &whole) {
  size_t refused = 0;
  for (size_t size = 0; size < whole.size(); size += step) {
    // of its own: a read behind the end is found
    auto part = std::make_shared<Bytes>(whole.begin(),
                                        whole.begin() + std::ptrdiff_t(size));
    Report report;
    auto model = importModel(*part, part, Source::binary("truncated"), report);
    refused += !model.ok();
    EXPECT_TRUE(model.ok() || report.failed()) << size << " bytes: no message";
    if (model)
      EXPECT_TRUE(graph::verify(model->graph).ok()) << size;
  }
  Report report;
  EXPECT_TRUE(importModel(whole, nullptr, Source::binary("whole"), report))
      << renderText(report.diagnostics().front());
  return refused;
}

size_t pieces(const Bytes &whole) { return (whole.size() + step - 1) / step; }

TEST(Truncation, OfOurOwnModelsIsRefused) {
  for (const char *path :
       {"examples/keywords/model.tflite", "examples/digits/model.onnx"}) {
    SCOPED_TRACE(path);
    auto whole = bytesOf(path);
    ASSERT_TRUE(whole);
    EXPECT_EQ(refusedOf(*whole), pieces(*whole));
  }
}

TEST(Truncation, OfModelsOfOthersIsRefusedOrMeansNothing) {
  if (!std::filesystem::exists(RUNE_SOURCE_DIR "/../shared/data"))
    GTEST_SKIP() << "the shared test data is not here";
  for (const char *path :
       {"../shared/data/onnx-models/mnist/model.onnx",
        "../shared/data/mlperf-tiny/kws_dscnn_int8.tflite"}) {
    SCOPED_TRACE(path);
    auto whole = bytesOf(path);
    ASSERT_TRUE(whole);
    EXPECT_GT(refusedOf(*whole), pieces(*whole) * 9 / 10);
  }
}

TEST(Truncation, OfAStoredGraphIsRefused) {
  auto whole = bytesOf("examples/digits/model.onnx");
  ASSERT_TRUE(whole);
  Report report;
  auto model = importModel(*whole, nullptr, Source::binary("digits"), report);
  ASSERT_TRUE(model);
  auto stored = graph::store(model->graph);
  ASSERT_TRUE(stored);
  for (size_t size = 0; size < stored->table.size(); size += step) {
    Bytes part(stored->table.begin(),
               stored->table.begin() + std::ptrdiff_t(size));
    EXPECT_FALSE(graph::load(part, stored->weights).ok()) << size;
  }
  for (size_t i = 0; i < stored->weights.size(); ++i)
    for (size_t size = 0; size < stored->weights[i].size(); size += step) {
      std::vector<ByteSpan> weights = stored->weights;
      weights[i] = weights[i].first(size);
      EXPECT_FALSE(graph::load(stored->table, weights).ok())
          << i << ":" << size;
    }
}

} // namespace
} // namespace rune::import
