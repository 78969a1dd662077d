// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements that stand outside of the message protobuf reads: in a file beside
// the model ("external data"), which is mapped, not copied.
//
// source  ONNX IR specification, "External Tensor Data"
#pragma once

#include "base/files.h"

#include <map>
#include <memory>
#include <string>

namespace rune::onnx {
class TensorProto;
} // namespace rune::onnx

namespace rune::import {

struct OutsideData {
  ByteSpan bytes;
  std::shared_ptr<const void> owner;
  /// The file does not say how many bytes there are: the first of them.
  bool open = false;
};

/// Bytes of one file of weights.
constexpr uint64_t maxOutsideBytes = uint64_t{1} << 40;

/// The files that the tensors of a model name, each mapped once.
class OutsideFiles {
public:
  /// `folder` is that of the model; empty where it has none.
  explicit OutsideFiles(std::string folder) : folder_(std::move(folder)) {}

  /// The bytes that the tensor names. The file's checksum, which is optional,
  /// is not looked at: it would read all of the file.
  ///
  /// errors  `import.malformed`: no place, a place that is no number or outside
  ///         the file · `import.outside-folder`: a path that leads out of the
  ///         model's folder · `file.…` · `import.unsupported`: a model
  ///         without a folder
  Result<OutsideData> read(const onnx::TensorProto &tensor);

private:
  Result<std::shared_ptr<const FileBytes>> open(const std::string &location);

  std::string folder_;
  std::map<std::string, std::shared_ptr<const FileBytes>> files_;
};

/// True if the elements of the tensor are elsewhere.
bool isOutside(const onnx::TensorProto &tensor);

} // namespace rune::import
