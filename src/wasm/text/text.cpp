// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/text/text.h"

#include "wasm/text/assembler.h"

namespace rune::wasm::text {

Result<Bytes> assembleFields(Cursor fields) {
  Assembler module;
  module.source = fields.source();
  RUNE_TRY(module.assembleAll(fields));
  return module.finish();
}

Result<Bytes> assemble(const SourcePtr &source) {
  std::vector<Node> nodes = RUNE_TRY(parseNodes(source));
  Span whole{0, source->contents().size()};
  if (nodes.size() != 1 || !nodes[0].isListOf("module"))
    return assembleFields(Cursor(source, nodes, whole));
  Cursor module(source, nodes[0]);
  module.takeId();
  return assembleFields(module);
}

Result<std::shared_ptr<const Module>> loadText(const SourcePtr &source) {
  auto bytes = std::make_shared<const Bytes>(RUNE_TRY(assemble(source)));
  return load(*bytes, Source::binary(source->name()), bytes);
}

} // namespace rune::wasm::text
