// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX's own node tests, as far as Rune imports their operators: every case
// must be imported, evaluated and agree, but for those listed with a reason.
#include "base/files.h"
#include "graph/evaluate.h"
#include "import/import.h"
#include "import/onnx/model_adapter.h"
#include "import/onnx/operators.h"
#include "import/onnx/test_suite_folder.h"
#include "import/verify_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

namespace rune::import {
namespace {

namespace fs = std::filesystem;

/// Cases of our operators that are rightly refused or not judged.
const std::map<std::string, std::string> &exceptions() {
  static const auto list = [] {
    std::map<std::string, std::string> reasons;
    std::ifstream file(fs::path(RUNE_SOURCE_DIR) /
                       "src/import/onnx/testdata/node_case_exceptions.txt");
    for (std::string line; std::getline(file, line);)
      if (size_t colon = line.find(": "); line.starts_with("test_"))
        reasons[line.substr(0, colon)] = line.substr(colon + 2);
    return reasons;
  }();
  return list;
}

bool isOurs(ByteSpan bytes) {
  auto parsed = parseModel(bytes, Source::binary("model.onnx"));
  if (!parsed)
    return true; // then the importer must say why
  for (const auto &node : parsed->proto->graph().node())
    if (!findOperator(node.domain(), node.op_type()))
      return false;
  return true;
}

std::string messagesOf(const Report &report) {
  std::string text;
  for (const Diagnostic &diagnostic : report.diagnostics())
    text += renderText(diagnostic);
  return text;
}

/// Empty if all data sets of the case agree.
std::string judge(const fs::path &folder, ByteSpan bytes) {
  Report report;
  auto model = importModel(
      bytes, nullptr, Source::binary((folder / "model.onnx").string()), report);
  if (!model)
    return messagesOf(report);
  auto sets = dataSets(folder.string());
  if (!sets)
    return renderText(sets.error());
  for (const std::string &set : *sets) {
    auto outcome = verifyCase(model->graph, set, {}, [&](graph::Items inputs) {
      return graph::evaluateItems(model->graph, std::move(inputs));
    });
    if (!outcome)
      return renderText(outcome.error());
    if (!outcome->passed())
      return outcome->failures();
  }
  return "";
}

TEST(OnnxConformance, everyNodeCaseOfOurOperatorsAgrees) {
  if (!fs::exists(testing::suiteArchives()))
    GTEST_SKIP() << "the shared test data is not here";
  testing::Unpacked unpacked;
  ASSERT_TRUE(unpacked.addAll(testing::suiteArchives()));

  EXPECT_FALSE(exceptions().empty());
  size_t passed = 0, skipped = 0;
  for (const auto &entry :
       fs::recursive_directory_iterator(unpacked.folder())) {
    if (entry.path().filename() != "model.onnx")
      continue;
    fs::path folder = entry.path().parent_path();
    auto file = FileBytes::open(entry.path().string(), uint64_t{1} << 30);
    ASSERT_TRUE(file);
    auto exception = exceptions().find(folder.filename().string());
    if (!isOurs(file->bytes())) {
      ++skipped;
      continue;
    }
    std::string why = judge(folder, file->bytes());
    if (exception != exceptions().end()) {
      EXPECT_NE(why, "") << folder.filename() << " agrees, though "
                         << exception->second;
      ++skipped;
      continue;
    }
    EXPECT_EQ(why, "") << folder.filename();
    passed += why.empty();
  }
  EXPECT_GE(passed, 100u) << "the archives hold more cases than that";
  std::cout << passed << " passed, " << skipped << " skipped\n";
}

} // namespace
} // namespace rune::import
