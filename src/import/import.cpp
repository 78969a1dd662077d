// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/import.h"

#include "import/onnx/importer.h"
#include "import/onnx/wire.h"
#include "import/tflite/importer.h"

namespace rune::import {

std::string_view recognise(ByteSpan bytes) {
  // A FlatBuffer: an offset, then four letters that name the format.
  if (bytes.size() >= 8 && asText(bytes.subspan(4, 4)) == "TFL3")
    return "tensorflow-lite";
  return looksLikeModel(bytes) ? "onnx" : "";
}

Result<ImportedModel> importModel(ByteSpan bytes,
                                  std::shared_ptr<const void> owner,
                                  const SourcePtr &source, Report &report,
                                  const ImportOptions &options) {
  std::string_view format = recognise(bytes);
  if (format == "tensorflow-lite")
    return importTflite(bytes, std::move(owner), source, report, options);
  if (format == "onnx" && !options.signature.empty()) {
    report.error("import.unknown-signature", {source, {}},
                 "models of ONNX have no signatures, `{}` is asked for",
                 options.signature);
    return report.failure();
  }
  if (format == "onnx")
    return importOnnx(bytes, std::move(owner), source, report, options);
  report.error("import.unknown-format", {source, {}},
               "{} bytes that are no model of a known format, needs ONNX or "
               "TensorFlow Lite",
               bytes.size());
  return report.failure();
}

} // namespace rune::import
