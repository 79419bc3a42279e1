// Bodies of multipart/form-data (RFC 7578), as browsers and HTTP libraries send files.
//
// A reader of our own, as those of mail are lenient where a file must come back byte for byte. GMime ends a part at a
// boundary after a bare LF, which a file may hold, undoes Content-Transfer-Encoding, and goes into parts that are
// messages or multiparts themselves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::http {

struct FormPart {
  std::string name;
  std::string file_name;     // "" where none is given; never a path for us to use
  std::string content_type;  // "" where none is given
  std::string content;       // as it was sent, byte for byte
};

// DataError: a content type without boundary, a body that is cut or in no such form, a part without a name or in
// another encoding than its own bytes, more than 64 parts.
std::vector<FormPart> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace pixnerd::http
