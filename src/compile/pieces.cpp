// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/pieces.h"

#include "compile/object.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <tuple>

namespace rune::compile {

namespace {

/// Worth a thread: some tenth of a second.
constexpr uint64_t pieceWeight = 3000;
constexpr uint64_t mostPieces = 128;

/// Instructions of a kernel that take as long as a call of a plain one, which
/// is specialised first.
constexpr uint64_t plainCallWeight = 600;
/// What is emitted is still to be optimised.
constexpr uint64_t emittedWeight = 3;

bool startsWith(const llvm::Function &function,
                std::initializer_list<const char *> words) {
  return std::ranges::any_of(words, [&](const char *word) {
    return function.getName().starts_with(word);
  });
}

/// What is called across pieces, and never inlined.
bool isUnit(const llvm::Function &function) {
  return !function.isDeclaration() &&
         startsWith(function, {"rune_region_", "rune_group_", "rune_call_",
                               "rune_finish", "rune_fast_", "rune_move_"});
}

/// The heavier one; else the names decide, which are the same every time.
bool isFirst(const Piece &a, const Piece &b) {
  return std::tie(b.weight, *a.functions.begin()) <
         std::tie(a.weight, *b.functions.begin());
}

class Cutter {
public:
  explicit Cutter(llvm::Module &module) {
    for (llvm::Function &function : module)
      if (isUnit(function))
        units_.push_back({&function, {}, 0});
    leader_.resize(units_.size());
    std::iota(leader_.begin(), leader_.end(), size_t{0});
    for (size_t i = 0; i < units_.size(); ++i)
      reach(i);
  }

  std::vector<Piece> run() {
    std::vector<Piece> clusters(units_.size());
    uint64_t all = 0;
    for (size_t i = 0; i < units_.size(); ++i) {
      Piece &cluster = clusters[leaderOf(i)];
      for (const llvm::Function *function : units_[i].functions)
        cluster.functions.insert(function->getName().str());
      cluster.weight += units_[i].weight;
      all += units_[i].weight;
    }
    std::erase_if(clusters,
                  [](const Piece &piece) { return piece.functions.empty(); });
    auto lighter = [](const Piece &a, const Piece &b) {
      return a.weight < b.weight;
    };
    std::ranges::sort(clusters, isFirst);
    std::vector<Piece> pieces(
        std::clamp<uint64_t>(all / pieceWeight, 1, mostPieces));
    for (Piece &cluster : clusters) {
      Piece &piece = *std::ranges::min_element(pieces, lighter);
      piece.functions.merge(cluster.functions);
      piece.weight += cluster.weight;
    }
    std::erase_if(pieces,
                  [](const Piece &piece) { return piece.functions.empty(); });
    std::ranges::sort(pieces, isFirst);
    if (pieces.size() > 1)
      makeVisible();
    return pieces;
  }

private:
  struct Unit {
    llvm::Function *function;
    std::set<const llvm::Function *> functions;
    uint64_t weight;
  };

  /// All that has to stand beside the unit.
  void reach(size_t index) {
    Unit &unit = units_[index];
    std::set<const llvm::Value *> seen;
    std::vector<const llvm::Value *> open = {unit.function};
    while (!open.empty()) {
      const llvm::Value *value = open.back();
      open.pop_back();
      if (!llvm::isa<llvm::Constant>(value) || !seen.insert(value).second)
        continue;
      auto *function = llvm::dyn_cast<llvm::Function>(value);
      if (!function) {
        auto *user = llvm::cast<llvm::Constant>(value);
        open.insert(open.end(), user->op_begin(), user->op_end());
        continue;
      }
      if (function->isDeclaration() ||
          (function != unit.function && isUnit(*function)))
        continue;
      take(index, *function);
      for (const llvm::BasicBlock &block : *function)
        for (const llvm::Instruction &instruction : block)
          open.insert(open.end(), instruction.op_begin(), instruction.op_end());
    }
  }

  /// Kernels are compiled once: units that share them stay together.
  void take(size_t index, const llvm::Function &function) {
    Unit &unit = units_[index];
    unit.functions.insert(&function);
    uint64_t count = function.getInstructionCount();
    if (!isFinished(function)) {
      if (function.getName().starts_with("rune_kernel_"))
        unit.weight += plainCallWeight;
      else if (&function == unit.function)
        unit.weight += emittedWeight * count;
      return;
    }
    auto [place, isNew] = owner_.try_emplace(&function, index);
    if (isNew)
      unit.weight += count;
    else
      leader_[leaderOf(index)] = leaderOf(place->second);
  }

  size_t leaderOf(size_t index) {
    while (leader_[index] != index)
      index = leader_[index];
    return index;
  }

  void makeVisible() {
    for (Unit &unit : units_) {
      unit.function->setLinkage(llvm::GlobalValue::ExternalLinkage);
      unit.function->setVisibility(llvm::GlobalValue::HiddenVisibility);
      unit.function->setDSOLocal(true);
    }
  }

  std::vector<Unit> units_;
  /// Units that stay together, as trees.
  std::vector<size_t> leader_;
  std::map<const llvm::Function *, size_t> owner_;
};

/// The pieces of a module, taken by as many threads as there are.
class Maker {
public:
  Maker(const llvm::Module &module, std::vector<Piece> pieces,
        const Options &options)
      : pieces_(std::move(pieces)), options_(options),
        objects_(pieces_.size()) {
    llvm::raw_svector_ostream out(bitcode_);
    llvm::WriteBitcodeToFile(module, out);
  }

  Result<std::vector<machine::ObjectBytes>> run() {
    size_t threads = options_.compileThreads > 0
                         ? options_.compileThreads
                         : std::thread::hardware_concurrency();
    std::vector<std::thread> helpers;
    for (size_t i = 1; i < std::min(threads, pieces_.size()); ++i)
      helpers.emplace_back([this] { work(); });
    work();
    for (std::thread &helper : helpers)
      helper.join();
    std::vector<machine::ObjectBytes> all;
    for (std::optional<Result<machine::ObjectBytes>> &object : objects_)
      if (object)
        all.push_back(RUNE_TRY(std::move(*object)));
    return all;
  }

private:
  void work() {
    for (size_t i; (i = next_++) < pieces_.size() && !failed_;) {
      objects_[i].emplace(make(pieces_[i]));
      if (!objects_[i]->ok())
        failed_ = true;
    }
  }

  Result<machine::ObjectBytes> make(const Piece &piece) {
    RUNE_TRY(checkStopped(options_));
    llvm::LLVMContext context;
    context.setDiagnosticHandlerCallBack(
        [](const llvm::DiagnosticInfo *, void *) {});
    auto module = llvm::getLazyBitcodeModule(
        llvm::MemoryBufferRef({bitcode_.data(), bitcode_.size()}, "piece"),
        context);
    if (!module)
      return error("compile.internal", "a piece cannot be read: {}",
                   llvm::toString(module.takeError()));
    // what is not read is not there: the others have it
    for (llvm::Function &function : **module)
      if (!function.isDeclaration() &&
          !piece.functions.contains(function.getName().str()))
        function.deleteBody();
    if (llvm::Error fault = (*module)->materializeAll())
      return error("compile.internal", "a piece cannot be read: {}",
                   llvm::toString(std::move(fault)));
    auto machine = RUNE_TRY(machine::makeTargetMachine(
        options_.target, llvm::CodeGenOptLevel::Default));
    return makeObject(**module, *machine, options_,
                      llvm::CodeGenFileType::ObjectFile, &instructions_);
  }

  std::vector<Piece> pieces_;
  const Options &options_;
  llvm::SmallVector<char, 0> bitcode_;
  std::vector<std::optional<Result<machine::ObjectBytes>>> objects_;
  /// Of all pieces.
  std::atomic<size_t> instructions_ = 0;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
};

} // namespace

std::vector<Piece> cutIntoPieces(llvm::Module &module) {
  return Cutter(module).run();
}

Result<std::vector<machine::ObjectBytes>> makeObjects(ProgramModule &made,
                                                      const Options &options) {
  std::vector<Piece> pieces = cutIntoPieces(*made.module);
  if (pieces.size() > 1)
    return Maker(*made.module, std::move(pieces), options).run();
  std::vector<machine::ObjectBytes> objects;
  objects.push_back(RUNE_TRY(makeObject(*made.module, *made.machine, options)));
  return objects;
}

} // namespace rune::compile
