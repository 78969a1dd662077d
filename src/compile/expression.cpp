// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/expression.h"

#include "compile/emit_call.h"
#include "compile/hints.h"
#include "compile/prepack.h"
#include "graph/ops.h"

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <map>
#include <set>

namespace rune::compile {

namespace {

using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::ValueId;

using Sizes = std::vector<int64_t>;

/// How an operand is read: at R · rowStep (or by `strides` where a dimension is
/// stretched), and along a row by `step`.
struct Access {
  ValueId id = noValue;
  Sizes strides;
  int64_t rowStep = 0;
  bool isRows = false;
  bool isFixed = false;
  int64_t step = 0;
};

/// Sums and elements as IR has them.
llvm::Type *typeOf(llvm::LLVMContext &context, DType dtype) {
  if (dtype == DType::F32)
    return llvm::Type::getFloatTy(context);
  if (dtype == DType::F64)
    return llvm::Type::getDoubleTy(context);
  return llvm::Type::getIntNTy(context,
                               static_cast<unsigned>(dtypeBytes(dtype) * 8));
}

class Builder {
public:
  Builder(const Graph &graph, const Parts &parts, const Group &group,
          machine::Target target, llvm::Module &module,
          std::optional<int64_t> rowStep)
      : graph_(graph), parts_(parts), group_(group), target_(target),
        module_(module), context_(module.getContext()), ir_(context_) {
    result_ = graph.nodes[group.last()].outputs[0];
    sizes_ = graph.values[result_].type.sizes();
    for (uint32_t member : group.nodes)
      for (ValueId id : graph.nodes[member].outputs)
        inside_.insert(id);
    collect();
    if (rowStep)
      accesses_[0].rowStep = *rowStep;
  }

  Expression build() {
    Expression expression;
    for (const Access &access : accesses_)
      expression.operands.push_back(access.id);
    for (size_t i = 0; group_.steps && i < group_.steps->tables(); ++i)
      expression.tables.push_back(group_.steps->at +
                                  i * group_.steps->tableBytes());
    expression.rows = rows_;
    expression.columns = columns_;
    expression.function = makeFunction();
    return expression;
  }

private:
  bool isAnchor(uint32_t member) const {
    return group_.kind != Anchor::None && member == group_.anchor;
  }

  bool hasSteps(uint32_t member) const {
    return group_.steps && group_.steps->node == member;
  }

  void collect() {
    accesses_.push_back(accessOf(result_, sizes_));
    for (uint32_t member : group_.nodes) {
      const Node &node = graph_.nodes[member];
      if (isAnchor(member)) {
        if (isPacked(group_.kind) && !writesResults(group_.kind) &&
            node.inputs.size() > 2 && node.inputs[2] != noValue &&
            !packedBias(graph_, node))
          take(member, 2,
               accessOf(node.inputs[2],
                        graph_.values[node.inputs[2]].type.sizes()));
        continue;
      }
      for (size_t i = 0; i < node.inputs.size() && !hasSteps(member); ++i)
        if (ValueId id = node.inputs[i]; id != noValue && !inside_.contains(id))
          take(member, i,
               accessOf(id, alignedSizes(graph_, node, i, sizes_.size())));
    }
    bool flat =
        group_.kind == Anchor::None &&
        std::ranges::all_of(accesses_, [&](const Access &access) {
          return access.isFixed || (access.isRows && parts_.isDense(access.id));
        });
    int64_t count = 1;
    for (int64_t size : sizes_)
      count *= size;
    columns_ = flat ? count : sizes_.empty() ? 1 : sizes_.back();
    rows_ = columns_ == 0 ? 0 : count / columns_;
    if (flat)
      for (Access &access : accesses_)
        access.isFixed = true, access.step = access.isRows ? 1 : 0;
  }

  void take(uint32_t member, size_t input, Access access) {
    size_t at = 0;
    for (; at < accesses_.size(); ++at)
      if (at > 0 && accesses_[at].id == access.id &&
          accesses_[at].strides == access.strides)
        break;
    if (at == accesses_.size())
      accesses_.push_back(std::move(access));
    places_[{member, input}] = at;
  }

  /// A tensor whose sizes are aligned with the result's at the right.
  Access accessOf(ValueId id, const Sizes &sizes) const {
    Access access;
    access.id = id;
    size_t rank = sizes_.size();
    access.strides.assign(rank, 0);
    bool isApart = !parts_.isDense(id);
    int64_t step = 1;
    access.isRows = true;
    for (size_t d = rank; d-- > 0;) {
      int64_t size =
          d + sizes.size() >= rank ? sizes[d + sizes.size() - rank] : 1;
      access.strides[d] = size == 1 ? 0 : step;
      access.isRows = access.isRows && (size == sizes_[d]);
      step = d + 1 == rank && isApart ? parts_.of(id).rowStep : step * size;
    }
    access.rowStep =
        isApart || rank == 0 ? parts_.of(id).rowStep : sizes_.back();
    access.isFixed =
        std::ranges::all_of(access.strides, [](int64_t s) { return s == 0; });
    access.step = rank == 0 ? 0 : access.strides.back();
    if (access.isRows && !access.isFixed)
      access.step = 1;
    access.isRows = access.isRows && !access.isFixed;
    return access;
  }

  llvm::Value *number(int64_t x) {
    return ir_.getInt64(static_cast<uint64_t>(x));
  }

  /// Where in an operand the row begins.
  llvm::Value *rowOffset(const Access &access, llvm::Value *row) {
    if (access.isFixed)
      return number(0);
    if (access.isRows)
      return ir_.CreateMul(row, number(access.rowStep));
    llvm::Value *offset = number(0);
    int64_t below = 1;
    for (size_t d = sizes_.size() - 1; d-- > 0; below *= sizes_[d]) {
      if (access.strides[d] == 0)
        continue;
      llvm::Value *at =
          ir_.CreateURem(ir_.CreateUDiv(row, number(below)), number(sizes_[d]));
      offset =
          ir_.CreateAdd(offset, ir_.CreateMul(at, number(access.strides[d])));
    }
    return offset;
  }

  llvm::Function *makeFunction() {
    llvm::Type *pointer = ir_.getPtrTy(), *index = ir_.getInt64Ty();
    function_ = llvm::Function::Create(
        llvm::FunctionType::get(
            ir_.getVoidTy(),
            {pointer, index, index, index, index, index, pointer}, false),
        llvm::GlobalValue::InternalLinkage, "rune_finish", module_);
    function_->addFnAttr(llvm::Attribute::NoUnwind);
    ir_.SetInsertPoint(llvm::BasicBlock::Create(context_, "", function_));
    prepare();
    llvm::Value *columns = function_->getArg(5);
    int width = tileColumns(group_.kind, target_);
    if (width == 0) {
      rows(columns, {});
    } else {
      // a full tile has a number of columns that LLVM may count on
      auto *full = llvm::BasicBlock::Create(context_, "", function_);
      auto *part = llvm::BasicBlock::Create(context_, "", function_);
      ir_.CreateCondBr(ir_.CreateICmpEQ(columns, number(width)), full, part);
      ir_.SetInsertPoint(full);
      rows(number(width), width);
      ir_.CreateRetVoid();
      ir_.SetInsertPoint(part);
      rows(columns, {});
    }
    ir_.CreateRetVoid();
    return function_;
  }

  /// What is the same for all elements.
  void prepare() {
    CallWriter writer(ir_, module_);
    size_t tables = group_.steps ? group_.steps->tables() : 0;
    for (size_t i = 0; i < accesses_.size() + tables; ++i)
      pointers_.push_back(ir_.CreateLoad(
          ir_.getPtrTy(),
          ir_.CreateConstGEP1_64(ir_.getPtrTy(), function_->getArg(6), i)));
    for (uint32_t member : group_.nodes)
      if (!isAnchor(member))
        attributes_[member] = writer.attributes(graph_.nodes[member]);
    independent_ = llvm::MDNode::getDistinct(context_, {});
    llvm::MDBuilder metadata(context_);
    auto *scope = metadata.createAnonymousAliasScope(
        metadata.createAnonymousAliasScopeDomain());
    written_ = llvm::MDNode::get(context_, {scope});
  }

  /// `body` for each index below `count`; the blocks of the loop.
  template <class F>
  void loop(llvm::Value *count, llvm::MDNode *metadata, F body) {
    llvm::BasicBlock *before = ir_.GetInsertBlock();
    auto *inside = llvm::BasicBlock::Create(context_, "", function_);
    auto *after = llvm::BasicBlock::Create(context_, "", function_);
    ir_.CreateCondBr(ir_.CreateICmpSGT(count, number(0)), inside, after);
    ir_.SetInsertPoint(inside);
    llvm::PHINode *at = ir_.CreatePHI(ir_.getInt64Ty(), 2);
    at->addIncoming(number(0), before);
    body(at);
    llvm::Value *next = ir_.CreateNUWAdd(at, number(1));
    at->addIncoming(next, ir_.GetInsertBlock());
    auto *branch =
        ir_.CreateCondBr(ir_.CreateICmpSLT(next, count), inside, after);
    if (metadata)
      branch->setMetadata(llvm::LLVMContext::MD_loop, metadata);
    ir_.SetInsertPoint(after);
  }

  llvm::Metadata *hint(const char *name, std::optional<uint32_t> value = {}) {
    std::vector<llvm::Metadata *> words = {llvm::MDString::get(context_, name)};
    if (value)
      words.push_back(llvm::ConstantAsMetadata::get(ir_.getInt32(*value)));
    return llvm::MDNode::get(context_, words);
  }
  llvm::MDNode *loopHints(std::vector<llvm::Metadata *> hints) {
    hints.insert(hints.begin(), nullptr);
    auto *node = llvm::MDNode::getDistinct(context_, hints);
    node->replaceOperandWith(0, node);
    return node;
  }
  /// Columns become vectors, rows stay a loop. A loop that is unrolled too
  /// early is no vector any more.
  llvm::MDNode *columnLoop(std::optional<int> width) {
    auto *independent = llvm::MDNode::get(
        context_, {llvm::MDString::get(context_, "llvm.loop.parallel_accesses"),
                   independent_});
    auto lanes = static_cast<uint32_t>(vectorBytes(target_) / 4);
    std::vector<llvm::Metadata *> hints = {
        independent, hint("llvm.loop.unroll.disable"),
        hint("llvm.loop.vectorize.width", lanes)};
    if (tileColumns(group_.kind, target_) > 0)
      hints.push_back(hint("llvm.loop.interleave.count",
                           width ? static_cast<uint32_t>(*width) / lanes : 1));
    return loopHints(hints);
  }
  llvm::MDNode *rowLoop() {
    auto *no = llvm::ConstantAsMetadata::get(ir_.getFalse());
    return loopHints(
        {hint("llvm.loop.unroll.disable"),
         llvm::MDNode::get(
             context_,
             {llvm::MDString::get(context_, "llvm.loop.vectorize.enable"),
              no})});
  }

  /// The result stands apart from all that is read.
  llvm::Value *read(llvm::Type *type, llvm::Value *from) {
    auto *load = ir_.CreateLoad(type, from);
    load->setMetadata(llvm::LLVMContext::MD_access_group, independent_);
    load->setMetadata(llvm::LLVMContext::MD_noalias, written_);
    return load;
  }
  void write(llvm::Value *value, llvm::Value *to) {
    auto *store = ir_.CreateStore(value, to);
    store->setMetadata(llvm::LLVMContext::MD_access_group, independent_);
    store->setMetadata(llvm::LLVMContext::MD_alias_scope, written_);
  }

  /// The type of an optional operand that is not there.
  DType missingType(const Node &node, size_t input) const {
    bool isOfResult = (node.op == graph::Op::Requantize && input == 3) ||
                      (node.op == graph::Op::Quantize && input == 2);
    return dtypeAt(isOfResult ? node.outputs[0] : node.inputs[0]);
  }

  DType dtypeAt(ValueId id) const { return graph_.values[id].type.dtype; }

  void rows(llvm::Value *columns, std::optional<int> width) {
    loop(function_->getArg(3), rowLoop(), [&](llvm::Value *i) {
      llvm::Value *row = ir_.CreateAdd(function_->getArg(2), i);
      llvm::Value *first = function_->getArg(4);
      std::vector<llvm::Value *> bases(accesses_.size());
      std::vector<llvm::Value *> fixed(accesses_.size());
      for (size_t k = 0; k < accesses_.size(); ++k) {
        const Access &access = accesses_[k];
        llvm::Type *type = typeOf(context_, dtypeAt(access.id));
        llvm::Value *offset = rowOffset(access, row);
        if (access.step != 0)
          offset = ir_.CreateAdd(offset, first);
        bases[k] = ir_.CreateGEP(type, pointers_[k], offset);
        if (k > 0 && access.step == 0)
          fixed[k] = read(type, bases[k]);
      }
      llvm::Value *tile = nullptr;
      llvm::Type *sum = nullptr;
      if (group_.kind != Anchor::None) {
        sum = typeOf(context_, dtypeAt(graph_.nodes[group_.anchor].outputs[0]));
        tile = ir_.CreateGEP(sum, function_->getArg(0),
                             ir_.CreateMul(i, function_->getArg(1)));
      }
      loop(columns, columnLoop(width), [&](llvm::Value *j) {
        auto load = [&](size_t k) -> llvm::Value * {
          if (fixed[k])
            return fixed[k];
          llvm::Type *type = typeOf(context_, dtypeAt(accesses_[k].id));
          return read(type, ir_.CreateGEP(type, bases[k], j));
        };
        std::map<ValueId, llvm::Value *> values;
        if (tile)
          values[graph_.nodes[group_.anchor].outputs[0]] =
              read(sum, ir_.CreateGEP(sum, tile, j));
        std::map<size_t, llvm::Value *> loaded;
        tables_.clear();
        for (size_t k = accesses_.size(); k < pointers_.size(); ++k)
          tables_.push_back(read(ir_.getFloatTy(),
                                 ir_.CreateGEP(ir_.getFloatTy(), pointers_[k],
                                               ir_.CreateAdd(first, j))));
        for (uint32_t member : group_.nodes)
          compute(member, values, [&](size_t k) {
            auto [place, isNew] = loaded.try_emplace(k);
            if (isNew)
              place->second = load(k);
            return place->second;
          });
        write(values.at(result_),
              ir_.CreateGEP(typeOf(context_, dtypeAt(result_)), bases[0], j));
      });
    });
  }

  template <class F>
  void compute(uint32_t member, std::map<ValueId, llvm::Value *> &values,
               F load) {
    const Node &node = graph_.nodes[member];
    llvm::Value *&result = values[node.outputs[0]];
    if (isAnchor(member)) {
      if (auto bias = places_.find({member, 2}); bias != places_.end())
        result = result->getType()->isIntegerTy()
                     ? ir_.CreateAdd(result, load(bias->second))
                     : ir_.CreateFAdd(result, load(bias->second));
      return;
    }
    if (hasSteps(member)) {
      result = steps(node, values.at(node.inputs[0]));
      return;
    }
    if (const ByteSteps *bytes = byteStepsOf(member)) {
      auto operand = [&](uint32_t from) {
        ValueId id = graph_.nodes[from].inputs[0];
        llvm::Value *byte =
            inside_.contains(id) ? values.at(id) : load(places_.at({from, 0}));
        return ir_.CreateIntCast(byte, ir_.getInt32Ty(),
                                 dtypeAt(id) == DType::I8);
      };
      llvm::Value *a = operand(bytes->a.node);
      result = stepsOf(*bytes, a, bytes->isSum ? operand(bytes->b.node) : a);
      return;
    }
    std::vector<llvm::Value *> arguments;
    std::vector<llvm::Type *> types;
    uint32_t present = 0;
    for (size_t i = 0; i < bodyOperands(node); ++i) {
      ValueId id = i < node.inputs.size() ? node.inputs[i] : noValue;
      llvm::Value *value = nullptr;
      if (id == noValue) // not looked at
        value = llvm::Constant::getNullValue(
            typeOf(context_, missingType(node, i)));
      else if (inside_.contains(id))
        value = values.at(id);
      else
        value = load(places_.at({member, i}));
      present |= id == noValue ? 0 : 1u << i;
      arguments.push_back(value);
      types.push_back(value->getType());
    }
    arguments.push_back(attributes_.at(member));
    types.push_back(ir_.getPtrTy());
    present |= hintsOf(graph_, group_, node);
    arguments.push_back(ir_.getInt32(present));
    types.push_back(ir_.getInt32Ty());
    auto body = module_.getOrInsertFunction(
        bodyName(graph_, node),
        llvm::FunctionType::get(typeOf(context_, dtypeAt(node.outputs[0])),
                                types, false));
    result = ir_.CreateCall(body, arguments);
  }

  const ByteSteps *byteStepsOf(uint32_t member) const {
    auto found = std::ranges::find(group_.byteSteps, member, &ByteSteps::node);
    return found == group_.byteSteps.end() ? nullptr : &*found;
  }
  /// One or two bytes in floats.
  llvm::Value *stepsOf(const ByteSteps &steps, llvm::Value *a, llvm::Value *b) {
    auto number = [&](float x) {
      return llvm::ConstantFP::get(ir_.getFloatTy(), x);
    };
    uint32_t flags = (steps.isFused ? 1u : 0) | (steps.isSum ? 2u : 0);
    return callSteps("Bytes", graph_.nodes[steps.node],
                     {a, b, number(steps.a.factor), number(steps.b.factor),
                      number(steps.offset)},
                     flags);
  }
  /// A requantisation of sums in floats.
  llvm::Value *steps(const Node &node, llvm::Value *sum) {
    uint32_t flags =
        (group_.steps->isFused ? 1u : 0) | (group_.steps->hasBelow ? 2u : 0);
    return callSteps("Steps", node,
                     {sum, tables_[0], tables_[1], tables_.back()}, flags);
  }
  llvm::Value *callSteps(const char *name, const Node &node,
                         std::vector<llvm::Value *> arguments, uint32_t flags) {
    for (const char *limit : {"low", "high"})
      arguments.push_back(
          ir_.getInt32(static_cast<uint32_t>(node.integer(limit))));
    arguments.push_back(ir_.getInt32(flags));
    std::vector<llvm::Type *> types;
    for (llvm::Value *argument : arguments)
      types.push_back(argument->getType());
    DType to = dtypeAt(node.outputs[0]);
    return ir_.CreateCall(
        module_.getOrInsertFunction(
            fmt::format("rune_body_{}_i32_{}", name, dtypeName(to)),
            llvm::FunctionType::get(typeOf(context_, to), types, false)),
        arguments);
  }

  const Graph &graph_;
  const Parts &parts_;
  const Group &group_;
  machine::Target target_;
  llvm::Module &module_;
  llvm::LLVMContext &context_;
  llvm::IRBuilder<> ir_;
  llvm::Function *function_ = nullptr;
  ValueId result_ = noValue;
  Sizes sizes_;
  int64_t rows_ = 0, columns_ = 0;
  std::set<ValueId> inside_;
  std::vector<Access> accesses_;
  /// For inputs (member, which) that come from outside: their access.
  std::map<std::pair<uint32_t, size_t>, size_t> places_;
  /// Of the operands, then of the tables of steps.
  std::vector<llvm::Value *> pointers_;
  /// What the tables say of the column.
  std::vector<llvm::Value *> tables_;
  std::map<uint32_t, llvm::Value *> attributes_;
  llvm::MDNode *independent_ = nullptr;
  llvm::MDNode *written_ = nullptr;
};

} // namespace

Expression makeExpression(const Graph &graph, const Parts &parts,
                          const Group &group, machine::Target target,
                          llvm::Module &module,
                          std::optional<int64_t> rowStep) {
  return Builder(graph, parts, group, target, module, rowStep).build();
}

} // namespace rune::compile
