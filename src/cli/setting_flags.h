// Flags made of a configuration section: one a key, so that `guidance_interval` is --guidance-interval, with the help
// and the limits of the schema. A flag is checked when it is parsed; a wrong one is wrong usage, not a failure.
//
// Forms: numbers and names as in YAML; optional ones also take `none`; lists have commas between, as in 0.1,1; a pair
// of whole numbers is a size, as in 256x256.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "config/reader.h"

namespace pixnerd::cli {

// The visitor for a section's fields(). What is given on the command line is put into `given`, a map to be read over
// the section's values with config::read; the map and the command must outlive the parsing.
class SettingFlags {
 public:
  SettingFlags(CLI::App& command, config::Value& given);

  template <class M>
  void operator()(const char* key, const M&, const char* help, const config::Constraint& limits = {}) {
    add(key, help, limits.phrase(), form_of<M>(), [name = std::string(key), limits](const config::Value& value) {
      M scratch{};
      config::read_member(value, name, limits, scratch);
    });
  }

 private:
  struct Form {
    std::string shown;      // in the help: "N", "LO,HI|none"
    char separator = 0;     // between the items of a list
    bool optional = false;  // takes `none`
  };

  template <class M>
  static Form form_of();

  void add(const std::string& key, const std::string& help, const std::string& limits, const Form& form,
           const std::function<void(const config::Value&)>& check);

  CLI::App& command_;
  config::Value& given_;
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class M>
SettingFlags::Form SettingFlags::form_of() {
  if constexpr (kIsOptional<M>) {
    Form form = form_of<typename M::value_type>();
    return {form.shown + "|none", form.separator, true};
  } else if constexpr (std::is_enum_v<M>) {
    std::string names;
    for (const std::string& name : config::names_of<M>()) names += (names.empty() ? "" : "|") + name;
    return {names};
  } else if constexpr (std::is_same_v<M, std::array<int64_t, 2>>) {
    return {"WxH", 'x'};
  } else if constexpr (std::is_same_v<M, std::array<double, 2>>) {
    return {"LO,HI", ','};
  } else if constexpr (std::is_same_v<M, std::vector<int64_t>>) {
    return {"N,N,...", ','};
  } else {
    static_assert(std::is_same_v<M, int64_t> || std::is_same_v<M, double>, "a type without a form as a flag");
    return {std::is_same_v<M, int64_t> ? "N" : "X"};
  }
}

}  // namespace pixnerd::cli
