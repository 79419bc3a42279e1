// The visitor behind config::describe: one row of help a field.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "config/member.h"
#include "config/writer.h"

namespace pixnerd::config {

// The rows of an inner section follow its own row.
class DescribeFields {
 public:
  template <class M>
  void operator()(const char* key, const M& member, const char* help, const Constraint& limits = {}) {
    using Element = typename ElementOf<M>::Type;
    if constexpr (Section<M>) {
      open_section(key, help);
      M::fields(member, *this);
      close_section();
    } else if constexpr (Section<Element>) {
      const Element inner{};
      add(key, member_value(member), help, "");
      open_section(key);
      Element::fields(inner, *this);
      close_section();
    } else if constexpr (std::is_enum_v<Element>) {
      add(key, member_value(member), help, one_of(names_of<Element>()));
    } else {
      add(key, member_value(member), help, limits.phrase());
    }
  }

  // Leaves out the keys that `known` has.
  void leave_out(const DescribeFields& known);

  // "key  default  help" with aligned columns, one line a row.
  std::string table() const;

 private:
  struct Row {
    std::string key, default_text, help;
  };

  void open_section(const std::string& key);
  void open_section(const std::string& key, const std::string& help);
  void close_section();
  void add(const std::string& key, const Value& default_value, const std::string& help, const std::string& choice);

  std::vector<std::string> sections_;  // the dotted names of the open sections, outermost first
  std::vector<Row> rows_;
};

}  // namespace pixnerd::config
