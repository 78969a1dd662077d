// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model compiler: a session holds what several compilations share, an
// invocation is one compilation, an artifact its result. Sessions are values:
// nothing is set for the process, and any number may work at once in threads
// (one invocation belongs to one thread at a time).
//
//   rune::compiler::Session session;
//   auto invocation = session.begin();
//   invocation.readFile("model.onnx");
//   auto artifact = invocation.compile();
#pragma once

#include "rune/outcome.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rune::compiler {

struct Options {
  /// "x86_64-linux-v3"; empty for this machine.
  std::string target;
  /// "znver4", "haswell"; empty for the target's own.
  std::string cpu;
  /// Where compiled code is kept for the next process; empty for nowhere.
  std::string cacheFolder;
  /// Layers between dequantise and quantise are computed in floats, as the
  /// model says, instead of in integers, which may differ by a step each.
  bool exact = false;
  /// Threads that a run may use, of each function.
  uint32_t threads = 1;
};

/// How far an invocation came.
enum class Phase { Empty, Imported, Specialised, Compiled };

class Artifact;
class Invocation;

class Session {
public:
  explicit Session(Options options = {});
  const Options &options() const;
  Invocation begin() const;

private:
  std::shared_ptr<const Options> options_;
};

class Invocation {
public:
  ~Invocation();
  Invocation(Invocation &&) noexcept;
  Invocation &operator=(Invocation &&) noexcept;

  /// The size of a dimension, `batch=8`, or of an input, `x=1x3x224x224`; or
  /// between what sizes a dimension stays open, `batch=1..8`: code is made for
  /// each size that a function meets, and others are refused. Before the model
  /// is read.
  Outcome<Done> give(const std::string &shape);
  /// A model of ONNX or TensorFlow Lite. The bytes may go afterwards.
  Outcome<Done> readFile(const std::string &path);
  Outcome<Done> read(std::span<const uint8_t> bytes, const std::string &name);
  /// To this phase, if it is not there yet: all sizes must be known for
  /// `Specialised`.
  Outcome<Done> runTo(Phase phase);
  /// All of it.
  Outcome<Artifact> compile();

  Phase phase() const;
  /// All that was reported, warnings too, in order.
  const std::vector<Message> &messages() const;
  /// The graph as it is now, as text for people; empty before `Imported`.
  std::string graphText() const;

private:
  friend class Session;
  struct State;
  explicit Invocation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A compiled model: for programs in this process (rune/program.hpp), or as
/// files for others. A value; copies share what does not change.
class Artifact {
public:
  struct Impl;
  explicit Artifact(std::shared_ptr<const Impl> impl)
      : impl_(std::move(impl)) {}

  /// "x86_64-linux-v3"
  std::string target() const;
  /// Memory for the values of one run; 0 as long as sizes are open.
  uint64_t arenaBytes() const;

  struct Files {
    std::vector<uint8_t> object;
    std::string header;
  };
  /// An object and a C header for other programs; `name` is what its functions
  /// begin with.
  Outcome<Files> object(const std::string &name) const;

  const Impl &impl() const { return *impl_; }

private:
  std::shared_ptr<const Impl> impl_;
};

} // namespace rune::compiler
