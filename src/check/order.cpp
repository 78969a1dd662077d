// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depth-first order without recursion: a file may chain ten thousand stages.
#include "check/checking.h"

#include <algorithm>

namespace rune::check {

namespace {

class Sorter {
public:
  explicit Sorter(Checking &checking)
      : checking_(checking), stages_(checking.pipeline.stages),
        state_(stages_.size(), State::New), looped_(stages_.size(), false) {}

  void run() {
    for (size_t stage = 0; stage < stages_.size(); ++stage)
      if (state_[stage] == State::New)
        visit(stage);
  }

private:
  enum class State : uint8_t { New, Open, Done };
  struct Frame {
    size_t stage;
    size_t nextInput = 0;
  };

  void visit(size_t first) {
    open(first);
    while (!frames_.empty()) {
      Frame &frame = frames_.back();
      const std::vector<Edge> &inputs = stages_[frame.stage].inputs;
      if (frame.nextInput == inputs.size()) {
        close();
        continue;
      }
      const Edge &edge = inputs[frame.nextInput++];
      if (state_[edge.stage] == State::New)
        open(edge.stage);
      else if (state_[edge.stage] == State::Open)
        reportCycle(edge);
    }
  }
  void open(size_t stage) {
    state_[stage] = State::Open;
    frames_.push_back({stage});
  }
  void close() {
    size_t stage = frames_.back().stage;
    state_[stage] = State::Done;
    checking_.order.push_back(stage);
    frames_.pop_back();
  }

  /// `closing` is the input by which the innermost stage reads what the stage
  /// further out gives. Data goes from there to the innermost, and outwards
  /// again. Each stage is told of one cycle only, and ten are enough.
  void reportCycle(const Edge &closing) {
    constexpr int mostCycles = 10;
    if (cycles_ == mostCycles ||
        (looped_[closing.stage] && looped_[frames_.back().stage]))
      return;
    ++cycles_;
    const std::string &first = stages_[closing.stage].name;
    Diagnostic diagnostic =
        error("check.cycle", "Cycle detected when checking \"{}\"", first)
            .at(stages_[closing.stage].where)
            .withHelp("a stage cannot need its own result: take one of these "
                      "inputs away");
    addPath(diagnostic, closing);
    checking_.report.add(std::move(diagnostic));
  }

  void addPath(Diagnostic &diagnostic, const Edge &closing) {
    constexpr size_t mostNotes = 20;
    Location where = closing.where;
    size_t steps = 0;
    for (auto frame = frames_.rbegin();; ++frame) {
      const Stage &stage = stages_[frame->stage];
      looped_[frame->stage] = true;
      bool last = frame->stage == closing.stage;
      if (last && steps > mostNotes)
        diagnostic.note({}, fmt::format("... and so on through {} more ...",
                                        steps - mostNotes));
      if (last)
        diagnostic.note(where, fmt::format("... which passes data to \"{}\", "
                                           "completing the cycle.",
                                           stage.name));
      else if (steps < mostNotes)
        diagnostic.note(where, fmt::format("... which passes data to \"{}\"...",
                                           stage.name));
      if (last)
        return;
      ++steps;
      const Frame &outer = *(frame + 1);
      where = stages_[outer.stage].inputs[outer.nextInput - 1].where;
    }
  }

  Checking &checking_;
  const std::vector<Stage> &stages_;
  std::vector<State> state_;
  std::vector<bool> looped_;
  std::vector<Frame> frames_;
  int cycles_ = 0;
};

} // namespace

void findOrder(Checking &checking) { Sorter(checking).run(); }

} // namespace rune::check
