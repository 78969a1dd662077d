// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RAW: the bytes of a file as they stand, the first `length` of them. Without
// `length` as many as the declared type needs; all of them where that is open.
// A tensor of text takes the file as its one element.
//
// source  the first system, "RAW" of its command line
#include "runtime/capability/capability.h"

namespace rune::runtime {

/// How many bytes to take.
static Result<uint64_t> wantedBytes(const CapabilityRequest &request) {
  auto length =
      RUNE_TRY(request.arguments.integer("length", 0, int64_t{1} << 40));
  if (length)
    return static_cast<uint64_t>(*length);
  if (request.type.dtype == DType::Utf8 || !request.type.isStatic())
    return uint64_t{request.input->bytes.size()};
  return tensorBytes(request.type.dtype, request.type.sizes());
}

static Result<Tensor> textTensor(const CapabilityRequest &request,
                                 ByteSpan bytes) {
  std::vector<int64_t> sizes;
  for (const Dim &dim : request.type.dims)
    sizes.push_back(dim.isFixed() ? dim.size() : 1);
  if (RUNE_TRY(elementCount(sizes)) != 1)
    return error("runtime.bad-input",
                 "stage `{}`: a RAW input is one text, {} has more",
                 request.arguments.stage(), request.type.str());
  if (!isUtf8(bytes))
    return error("runtime.bad-input", "`{}` is not UTF-8 text",
                 request.input->name);
  std::string text(asText(bytes));
  return Tensor::ofText(std::move(sizes), {&text, 1});
}

static Result<Tensor> rawTensor(const CapabilityRequest &request) {
  ByteSpan bytes = request.input->bytes;
  uint64_t wanted = RUNE_TRY(wantedBytes(request));
  if (wanted > bytes.size())
    return error("runtime.bad-input",
                 "Requested {} bytes but only {} were provided", wanted,
                 bytes.size())
        .note({}, fmt::format("stage `{}` reads `{}`",
                              request.arguments.stage(), request.input->name));
  if (wanted > request.maxBytes)
    return error("runtime.memory-limit",
                 "stage `{}`: {} bytes are more than the limit of {}",
                 request.arguments.stage(), wanted, request.maxBytes);
  bytes = bytes.first(wanted);
  if (request.type.dtype == DType::Utf8)
    return textTensor(request, bytes);
  auto sizes = RUNE_TRY(sizesFor(request.type, wanted));
  return Tensor::copyOf({request.type.dtype, sizes, bytes});
}

Result<std::unique_ptr<Capability>> openRaw(const CapabilityRequest &request) {
  return alwaysTheSame(RUNE_TRY(rawTensor(request)));
}

} // namespace rune::runtime
