// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/messages.h"

namespace rune::capi {

static std::string placeOf(const Location &where) {
  if (!where)
    return {};
  if (!where.source->isText())
    return where.source->name();
  LineColumn at = where.source->lineColumn(where.span.begin);
  return fmt::format("{}:{}:{}", where.source->name(), at.line, at.column);
}

Message messageOf(const Diagnostic &why) {
  Message message;
  message.severity = why.severity == Severity::Error ? Message::Severity::Error
                     : why.severity == Severity::Warning
                         ? Message::Severity::Warning
                         : Message::Severity::Note;
  message.code = why.code;
  message.text = why.message;
  message.place = placeOf(why.where);
  message.help = why.help;
  return message;
}

} // namespace rune::capi
