// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `dot` is a program beside us, not a library: it is started, given the text on
// its standard input, and its standard output is the picture.
#include "cli/diagram.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace rune::cli {

namespace {

struct Pipe {
  int read = -1;
  int write = -1;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return false;
    read = ends[0], write = ends[1];
    return true;
  }
  void closeRead() { shut(read); }
  void closeWrite() { shut(write); }
  ~Pipe() { closeRead(), closeWrite(); }

private:
  static void shut(int &end) {
    if (end >= 0)
      ::close(end);
    end = -1;
  }
};

/// Feeds and drains at once, so that neither side waits for the other for ever.
std::string converse(Pipe &in, Pipe &out, std::string_view text) {
  std::string answer;
  ::fcntl(in.write, F_SETFL, O_NONBLOCK);
  while (out.read >= 0) {
    pollfd ends[2] = {{out.read, POLLIN, 0}, {in.write, POLLOUT, 0}};
    if (::poll(ends, in.write >= 0 ? 2 : 1, -1) < 0 && errno != EINTR)
      break;
    if (in.write >= 0 && ends[1].revents) {
      ssize_t sent = ::write(in.write, text.data(), text.size());
      text.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
      if (text.empty() || (sent < 0 && errno != EAGAIN && errno != EINTR))
        in.closeWrite();
    }
    if (ends[0].revents) {
      char buffer[16384];
      ssize_t got = ::read(out.read, buffer, sizeof buffer);
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        out.closeRead();
      else if (got > 0)
        answer.append(buffer, static_cast<size_t>(got));
    }
  }
  return answer;
}

} // namespace

Result<std::string> toSvg(const std::string &dot) {
  Pipe in, out;
  if (!in.open() || !out.open())
    return error("machine.pipe", "unable to start `dot`: {}",
                 std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  const char *argv[] = {"dot", "-Tsvg", nullptr};
  pid_t child = 0;
  int fault = ::posix_spawnp(&child, "dot", &actions, nullptr,
                             const_cast<char *const *>(argv), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (fault != 0)
    return error("graph.no-dot",
                 "svg is drawn by `dot`, which could not be started: {}",
                 std::strerror(fault))
        .withHelp("install graphviz, or take `--as dot` or `--as mermaid`");
  in.closeRead();
  out.closeWrite();
  // A `dot` that stops reading must end as an error below, not by a signal.
  struct sigaction ignore = {}, before = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  std::string svg = converse(in, out, dot);
  ::sigaction(SIGPIPE, &before, nullptr);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || svg.empty())
    return error("graph.dot-failed", "`dot` did not draw the graph (status {})",
                 status);
  return svg;
}

} // namespace rune::cli
