// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/emit_moves.h"

#include "compile/emit_call.h"

#include <algorithm>

namespace rune::compile {

namespace {

/// Of what one thread takes at a time.
constexpr int64_t pieceBytes = 1 << 15;

struct Dimension {
  int64_t size, fromStep, toStep;
};
using Dimensions = std::vector<Dimension>;

/// Without those of one index, neighbours joined where one goes on where the
/// other ends.
Dimensions joined(const Move &move, int64_t bytes) {
  Dimensions all;
  for (size_t d = 0; d < move.sizes.size(); ++d) {
    if (move.sizes[d] == 1)
      continue;
    Dimension next{move.sizes[d], move.fromSteps[d] * bytes,
                   move.toSteps[d] * bytes};
    if (!all.empty() && all.back().fromStep == next.fromStep * next.size &&
        all.back().toStep == next.toStep * next.size)
      next.size *= all.back().size, all.pop_back();
    all.push_back(next);
  }
  return all;
}

bool isWord(int64_t bytes) {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

class Flattener {
public:
  Flattener(const Move &move, size_t bytes)
      : outer_(joined(move, static_cast<int64_t>(bytes))) {
    flat_.bytes = static_cast<int64_t>(bytes);
    flat_.fromOffset = move.fromOffset * flat_.bytes;
    flat_.toOffset = move.toOffset * flat_.bytes;
  }

  std::vector<FlatMove> run() && {
    while (!outer_.empty() && outer_.back().fromStep == flat_.bytes &&
           outer_.back().toStep == flat_.bytes) {
      flat_.bytes *= outer_.back().size;
      outer_.pop_back();
    }
    if (outer_.empty() && flat_.bytes >= 2 * pieceBytes)
      cutRun();
    if (isWord(flat_.bytes) && chooseTurn())
      return cutTurned(std::move(flat_), outer_);
    Dimension inner{1, 0, 0};
    if (!outer_.empty()) {
      inner = outer_.back();
      outer_.pop_back();
    }
    flat_.count = inner.size;
    flat_.fromStep = inner.fromStep;
    flat_.toStep = inner.toStep;
    bool isFill = inner.fromStep == 0 && inner.toStep == flat_.bytes;
    flat_.kernel = "rune_move_Rows";
    if (isWord(flat_.bytes))
      flat_.kernel =
          fmt::format("rune_move_{}_{}", isFill ? "Fill" : "Rows", flat_.bytes);
    cutRows(std::move(flat_), outer_);
    return std::move(made_);
  }

private:
  /// One long run as rows, and what is left behind them.
  void cutRun() {
    constexpr int64_t row = 4096;
    int64_t rows = flat_.bytes / row;
    if (int64_t rest = flat_.bytes % row; rest > 0) {
      FlatMove last = flat_;
      last.kernel = "rune_move_Rows";
      last.bytes = rest;
      last.fromOffset += rows * row;
      last.toOffset += rows * row;
      made_.push_back(std::move(last));
    }
    flat_.bytes = row;
    outer_.push_back({rows, row, row});
  }

  /// Columns lie together in the result, rows in the operand.
  bool chooseTurn() {
    if (outer_.size() < 2 || outer_.back().toStep != flat_.bytes)
      return false;
    auto rows = std::ranges::find(outer_, flat_.bytes, &Dimension::fromStep);
    if (rows == outer_.end() || rows + 1 == outer_.end())
      return false;
    flat_.columns = outer_.back().size;
    flat_.columnStep = outer_.back().fromStep;
    flat_.count = rows->size;
    flat_.fromStep = flat_.bytes;
    flat_.toStep = rows->toStep;
    flat_.kernel = fmt::format("rune_move_Turn_{}", flat_.bytes);
    outer_.erase(rows);
    outer_.pop_back();
    return true;
  }

  std::vector<FlatMove> cutTurned(FlatMove flat, const Dimensions &outer) {
    if (flat.count >= flat.columns)
      cutRows(std::move(flat), outer);
    else
      cutColumns(std::move(flat), outer);
    return std::move(made_);
  }

  void cutRows(FlatMove flat, const Dimensions &outer) {
    Dimension rows{flat.count, flat.fromStep, flat.toStep};
    cut(std::move(flat), outer, &FlatMove::count, rows);
  }
  void cutColumns(FlatMove flat, const Dimensions &outer) {
    Dimension columns{flat.columns, flat.columnStep, flat.bytes};
    cut(std::move(flat), outer, &FlatMove::columns, columns);
  }

  /// A dimension that is long becomes pieces of it, and what is left.
  void cut(FlatMove flat, Dimensions outer, int64_t FlatMove::*size,
           const Dimension &all) {
    constexpr int64_t least = 64;
    int64_t each = flat.bytes * flat.count * flat.columns / all.size;
    int64_t piece = std::max(pieceBytes / each / least * least, least);
    if (piece >= all.size)
      return add(std::move(flat), outer);
    int64_t whole = all.size - all.size % piece;
    if (whole < all.size) {
      FlatMove rest = flat;
      rest.*size = all.size - whole;
      rest.fromOffset += whole * all.fromStep;
      rest.toOffset += whole * all.toStep;
      add(std::move(rest), outer);
    }
    outer.push_back({whole / piece, piece * all.fromStep, piece * all.toStep});
    flat.*size = piece;
    add(std::move(flat), outer);
  }

  void add(FlatMove flat, const Dimensions &outer) {
    for (const Dimension &dimension : outer) {
      flat.sizes.push_back(dimension.size);
      flat.fromSteps.push_back(dimension.fromStep);
      flat.toSteps.push_back(dimension.toStep);
    }
    made_.push_back(std::move(flat));
  }

  Dimensions outer_;
  FlatMove flat_;
  std::vector<FlatMove> made_;
};

} // namespace

std::vector<FlatMove> flatten(const Move &move, size_t bytes) {
  return Flattener(move, bytes).run();
}

llvm::Function *makeMove(llvm::Module &module, const FlatMove &move,
                         const std::string &name) {
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  llvm::Type *status = llvm::Type::getInt32Ty(context);
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(status, {pointer, pointer, pointer}, false),
      llvm::GlobalValue::InternalLinkage, name, module);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "", function));
  CallWriter writer(ir, module);
  llvm::Value *base = writer.allocate(sizeof(library::Move));
  auto number = [&](uint64_t offset, int64_t x) {
    writer.store(base, offset, ir.getInt64(static_cast<uint64_t>(x)));
  };
  auto place = [&](unsigned argument, uint64_t field, int64_t offset) {
    writer.store(base, field,
                 ir.CreateConstGEP1_64(ir.getInt8Ty(),
                                       function->getArg(argument),
                                       static_cast<uint64_t>(offset)));
  };
  auto list = [&](uint64_t offset, const std::vector<int64_t> &numbers) {
    writer.store(base, offset, writer.list(llvm::ArrayRef<int64_t>(numbers)));
  };
  place(0, offsetof(library::Move, from), move.fromOffset);
  place(1, offsetof(library::Move, to), move.toOffset);
  writer.store(base, offsetof(library::Move, control), function->getArg(2));
  list(offsetof(library::Move, sizes), move.sizes);
  list(offsetof(library::Move, fromSteps), move.fromSteps);
  list(offsetof(library::Move, toSteps), move.toSteps);
  number(offsetof(library::Move, rank),
         static_cast<int64_t>(move.sizes.size()));
  number(offsetof(library::Move, bytes), move.bytes);
  number(offsetof(library::Move, count), move.count);
  number(offsetof(library::Move, fromStep), move.fromStep);
  number(offsetof(library::Move, toStep), move.toStep);
  number(offsetof(library::Move, columns), move.columns);
  number(offsetof(library::Move, columnStep), move.columnStep);
  ir.CreateRet(ir.CreateCall(
      module.getOrInsertFunction(move.kernel, status, pointer), {base}));
  return function;
}

} // namespace rune::compile
