// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/block_signature.h"

namespace rune::cli {

namespace {

Dim dimOf(const runtime::block::Dimension &dimension) {
  if (auto *size = std::get_if<0>(&dimension.value))
    return Dim(static_cast<int64_t>(*size));
  if (auto *name = std::get_if<1>(&dimension.value))
    return Dim::named(*name);
  return Dim::unknown();
}

check::PortInfo portOf(const runtime::block::Port &port) {
  check::PortInfo info{port.name, port.dtypes, !port.dims, {}};
  if (port.dims)
    for (const runtime::block::Dimension &dimension : *port.dims)
      info.dims.push_back(dimOf(dimension));
  return info;
}

} // namespace

check::BlockSignature signatureOf(const runtime::block::Metadata &metadata) {
  check::BlockSignature signature{metadata.name, metadata.version, {}, {}, {}};
  for (const runtime::block::ArgumentInfo &argument : metadata.arguments)
    signature.arguments.push_back({argument.name, argument.docs,
                                   static_cast<check::ValueKind>(argument.kind),
                                   argument.defaultValue.has_value()});
  for (const runtime::block::Port &port : metadata.inputs)
    signature.inputs.push_back(portOf(port));
  for (const runtime::block::Port &port : metadata.outputs)
    signature.outputs.push_back(portOf(port));
  return signature;
}

} // namespace rune::cli
