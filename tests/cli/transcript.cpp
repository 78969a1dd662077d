// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "transcript.h"

#include <array>
#include <cstdio>
#include <sstream>
#include <sys/wait.h>

namespace rune::tests {

static std::vector<std::string> linesOf(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

std::string Transcript::text() const {
  std::string text;
  for (const std::string &line : head)
    text += line + "\n";
  for (const Step &step : steps) {
    text += "$ " + step.command + "\n";
    for (const std::string &line : step.output)
      text += line + "\n";
  }
  return text;
}

static void take(Transcript &transcript, const std::string &line) {
  if (line.starts_with("$ "))
    transcript.steps.push_back({line.substr(2), {}});
  else if (transcript.steps.empty())
    transcript.head.push_back(line);
  else
    transcript.steps.back().output.push_back(line);
}

Transcript parseTranscript(const std::string &text) {
  Transcript transcript;
  for (const std::string &line : linesOf(text))
    take(transcript, line);
  return transcript;
}

Transcript transcriptOf(const std::string &markdown) {
  Transcript transcript;
  bool inside = false;
  for (const std::string &line : linesOf(markdown))
    if (line.starts_with("```"))
      inside = !inside && line == "```console";
    else if (inside)
      take(transcript, line);
  return transcript;
}

static std::string quoted(const std::string &word) {
  std::string result = "'";
  for (char c : word)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::vector<std::string> type(const std::string &command,
                              const std::string &folder,
                              const std::string &path) {
  std::string whole = "cd " + quoted(folder) + " && PATH=" + quoted(path) +
                      ":$PATH && export PATH && { " + command +
                      "\n} 2>&1 </dev/null";
  std::string output;
  FILE *pipe = ::popen(whole.c_str(), "r");
  std::array<char, 4096> buffer;
  while (size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), got);
  int status = ::pclose(pipe);
  std::vector<std::string> lines = linesOf(output);
  if (status != 0)
    lines.push_back("[" +
                    std::to_string(WIFEXITED(status) ? WEXITSTATUS(status)
                                                     : 128 + WTERMSIG(status)) +
                    "]");
  return lines;
}

static bool lineMatches(std::string_view expected, std::string_view seen) {
  size_t dots = expected.find("...");
  if (dots == expected.npos)
    return expected == seen;
  if (!seen.starts_with(expected.substr(0, dots)))
    return false;
  std::string_view rest = expected.substr(dots + 3);
  for (size_t skip = dots; skip <= seen.size(); ++skip)
    if (lineMatches(rest, seen.substr(skip)))
      return true;
  return false;
}

static bool matchesFrom(const std::vector<std::string> &expected, size_t e,
                        const std::vector<std::string> &seen, size_t s) {
  if (e == expected.size())
    return s == seen.size();
  if (expected[e] == "...")
    return matchesFrom(expected, e + 1, seen, s) ||
           (s < seen.size() && matchesFrom(expected, e, seen, s + 1));
  return s < seen.size() && lineMatches(expected[e], seen[s]) &&
         matchesFrom(expected, e + 1, seen, s + 1);
}

bool matches(const std::vector<std::string> &expected,
             const std::vector<std::string> &seen) {
  return matchesFrom(expected, 0, seen, 0);
}

} // namespace rune::tests
