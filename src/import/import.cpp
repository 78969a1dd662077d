// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/import.h"

#include "import/onnx/importer.h"
#include "import/onnx/wire.h"

namespace rune::import {

std::string_view recognise(ByteSpan bytes) {
  // A FlatBuffer: an offset, then four letters that name the format.
  if (bytes.size() >= 8 && asText(bytes.subspan(4, 4)) == "TFL3")
    return "tensorflow-lite";
  return looksLikeModel(bytes) ? "onnx" : "";
}

Result<ImportedModel> importModel(ByteSpan bytes,
                                  std::shared_ptr<const void> owner,
                                  const SourcePtr &source, Report &report) {
  (void)owner; // protobuf copies; the graph keeps the copy
  std::string_view format = recognise(bytes);
  if (format == "onnx")
    return importOnnx(bytes, source, report);
  if (format.empty())
    report.error("import.unknown-format", {source, {}},
                 "{} bytes that are no model of a known format, needs ONNX",
                 bytes.size());
  else
    report.error("import.unsupported", {source, {}},
                 "models of format `{}` are not supported yet", format);
  return report.failure();
}

} // namespace rune::import
