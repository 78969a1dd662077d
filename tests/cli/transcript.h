// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A transcript: commands as one types them, each followed by what the terminal
// shows. The test types them again and compares.
//
//   $ rune check Runefile.yml
//   Runefile.yml is sound: 6 stages
//   $ rune check missing.yml
//   Error: unable to read `missing.yml`: No such file or directory
//   [file.not-found] [1]
//
// `[N]` is the exit code where it is not 0; a line `...` stands for any lines,
// and
// `...` within a line for any text.
#pragma once

#include <string>
#include <vector>

namespace rune::tests {

struct Step {
  std::string command;
  std::vector<std::string> output;
};

struct Transcript {
  /// Comment lines before the first command, kept on update.
  std::vector<std::string> head;
  std::vector<Step> steps;

  std::string text() const;
};

Transcript parseTranscript(const std::string &text);

/// Everything in the fenced `console` blocks of a Markdown page.
Transcript transcriptOf(const std::string &markdown);

/// What the shell shows for a command: both streams in order, then `[N]`.
/// in  `folder` the working directory; `rune` is found on `path`
std::vector<std::string> type(const std::string &command,
                              const std::string &folder,
                              const std::string &path);

/// Whether the lines are what a transcript expects, `...` read as above.
bool matches(const std::vector<std::string> &expected,
             const std::vector<std::string> &seen);

} // namespace rune::tests
