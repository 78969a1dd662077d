// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/llvm/short_loops.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include <optional>
#include <vector>

namespace rune::engine::llvm_tier {

static constexpr const char *pollKind = "rune.poll";

void markPoll(llvm::LoadInst *load) {
  load->setMetadata(pollKind, llvm::MDNode::get(load->getContext(), {}));
}

namespace {

class ShortLoops {
public:
  ShortLoops(llvm::LoopInfo &loops, llvm::ScalarEvolution &evolution)
      : loops_(loops), evolution_(evolution) {}

  /// Between two polls the loops of one nest level share what is short.
  template <class Loops> void visit(const Loops &siblings) {
    uint64_t left = ShortLoopsPass::shortWork;
    for (llvm::Loop *each : siblings) {
      std::optional<uint64_t> work = workOf(*each, left);
      if (work) {
        left -= *work;
        collect(*each);
      } else {
        visit(each->getSubLoops());
      }
    }
  }

  bool takeOut() {
    for (llvm::LoadInst *load : polls_) {
      // "Is it set?" is answered at once, so that the branch goes too.
      for (llvm::User *user : load->users())
        if (auto *compare = llvm::dyn_cast<llvm::ICmpInst>(user);
            compare && compare->isEquality())
          compare->replaceAllUsesWith(llvm::ConstantInt::getBool(
              compare->getContext(),
              compare->getPredicate() == llvm::CmpInst::ICMP_EQ));
      load->replaceAllUsesWith(llvm::ConstantInt::get(load->getType(), 0));
      load->eraseFromParent();
    }
    return !polls_.empty();
  }

private:
  /// Instructions that the loop runs at most; nothing if that is not known to
  /// be `most` or less.
  std::optional<uint64_t> workOf(llvm::Loop &loop, uint64_t most) {
    uint64_t turns = evolution_.getSmallConstantMaxTripCount(&loop);
    if (turns == 0 || turns > most) // 0: not known
      return {};
    uint64_t body = 0, mostBody = most / turns;
    for (llvm::Loop *inner : loop.getSubLoops()) {
      std::optional<uint64_t> work = workOf(*inner, mostBody);
      if (!work)
        return {};
      body += *work;
    }
    for (llvm::BasicBlock *block : loop.blocks()) {
      if (loops_.getLoopFor(block) != &loop)
        continue;
      body += block->size();
      for (llvm::Instruction &each : *block)
        if (takesLong(each))
          return {};
    }
    if (body > mostBody)
      return {};
    return turns * body;
  }

  static bool takesLong(const llvm::Instruction &instruction) {
    auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    return call && !llvm::isa<llvm::IntrinsicInst>(call) &&
           !call->isInlineAsm();
  }

  void collect(llvm::Loop &loop) {
    for (llvm::BasicBlock *block : loop.blocks())
      for (llvm::Instruction &each : *block)
        if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&each);
            load && load->hasMetadata(pollKind))
          polls_.push_back(load);
  }

  llvm::LoopInfo &loops_;
  llvm::ScalarEvolution &evolution_;
  std::vector<llvm::LoadInst *> polls_;
};

} // namespace

llvm::PreservedAnalyses
ShortLoopsPass::run(llvm::Function &function,
                    llvm::FunctionAnalysisManager &analyses) {
  auto &loops = analyses.getResult<llvm::LoopAnalysis>(function);
  if (loops.empty())
    return llvm::PreservedAnalyses::all();
  ShortLoops shortLoops(
      loops, analyses.getResult<llvm::ScalarEvolutionAnalysis>(function));
  shortLoops.visit(loops);
  return shortLoops.takeOut() ? llvm::PreservedAnalyses::none()
                              : llvm::PreservedAnalyses::all();
}

} // namespace rune::engine::llvm_tier
