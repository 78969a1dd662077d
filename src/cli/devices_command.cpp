// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/devices.h"

namespace rune::cli {

static Result<> listDevices(Console &console) {
  Json &listed = console.fields()["devices"] = Json::array();
  for (const std::string &name : deviceNames()) {
    std::string text = describeDevice(name);
    listed.push_back({{"name", name}, {"description", text}});
    console.print(fmt::format("{:<12}{}\n", name, text));
  }
  return {};
}

Action installDevices(CLI::App &) { return listDevices; }

} // namespace rune::cli
