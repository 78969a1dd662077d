// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/frame.h"

#include "graph/ops.h"

#include <algorithm>

namespace rune::import {

using graph::ValueId;

TfliteFrame::TfliteFrame(const std::string &name, std::vector<StateCell> &cells,
                         TfliteFrame *outer)
    : builder(name), cells_(cells), outer_(outer) {
  // a branch that is never taken may refuse its constants
  builder.foldConstants(outer ? graph::Refused::Kept : graph::Refused::Error);
}

TfliteFrame::Use &TfliteFrame::use(CellId cell) {
  auto [at, isNew] = uses_.try_emplace(cell);
  if (isNew) {
    const StateCell &facts = cells_[cell];
    order_.push_back(cell);
    ValueId value =
        outer_ ? builder.input(facts.name, facts.type)
               : builder.variable(facts.name, facts.type, facts.initial);
    at->second.before = at->second.now = value;
  }
  return at->second;
}

ValueId TfliteFrame::read(CellId cell) { return use(cell).now; }

void TfliteFrame::write(CellId cell, ValueId value) {
  Use &use = this->use(cell);
  use.now = value;
  if (gates_.empty())
    use.ungated = value;
  else
    use.written[gates_.back()] = value;
  if (!outer_)
    builder.update(use.before, value);
}

bool TfliteFrame::hasChanged(CellId cell) const {
  auto found = uses_.find(cell);
  return found != uses_.end() && found->second.before != found->second.now;
}

ValueId TfliteFrame::gateOf(ValueId value) const {
  auto behind = std::ranges::upper_bound(gates_, value);
  return behind == gates_.begin() ? graph::noValue : *(behind - 1);
}

Result<> TfliteFrame::finishState() {
  for (CellId cell : order_) {
    const Use &use = uses_.at(cell);
    if (use.written.empty())
      continue;
    ValueId held = use.ungated == graph::noValue ? use.before : use.ungated;
    // gates are made in the order in which they stand
    for (auto [gate, value] : use.written)
      held = RUNE_TRY(builder.one(
          graph::Op::Where, fmt::format("{}/kept{}", cells_[cell].name, gate),
          {gate, value, held}));
    builder.update(use.before, held);
  }
  return {};
}

ValueId TfliteFrame::resource(size_t variable) {
  ValueId value =
      builder.constant("", graph::Constant::of(*Tensor::zeros(DType::I32, {})));
  resources_.emplace(value, variable);
  return value;
}

std::optional<size_t> TfliteFrame::resourceOf(ValueId value) const {
  auto found = resources_.find(value);
  return found == resources_.end() ? std::nullopt
                                   : std::optional(found->second);
}

} // namespace rune::import
