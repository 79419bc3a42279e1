#include "http/message.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/url/encoding_opts.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace pixnerd::http {
namespace {

namespace urls = boost::urls;

bool is_same_name(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

std::optional<std::string> decoded(urls::pct_string_view text, bool plus_is_blank) {
  urls::encoding_opts options;
  options.space_as_plus = plus_is_blank;
  std::string result = text.decode(options);
  if (result.find('\0') != std::string::npos) return std::nullopt;
  return result;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// In one header's "a=1; b=2".
std::optional<std::string> cookie_of(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::string_view pair = trimmed(header.substr(0, header.find(';')));
    header.remove_prefix(std::min(header.size(), header.find(';')));
    if (!header.empty()) header.remove_prefix(1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != name) continue;
    std::string_view value = trimmed(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return std::nullopt;
}

}  // namespace

const std::string* find(const Fields& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return is_same_name(field.first, name); });
  return found == fields.end() ? nullptr : &found->second;
}

Response response(int status, std::string content_type, std::string body, Fields more) {
  Response result;
  result.status = status;
  result.headers = std::move(more);
  result.headers.emplace_back("Content-Type", std::move(content_type));
  result.body = std::make_shared<const std::string>(std::move(body));
  return result;
}

std::string_view reason_of(int status) {
  namespace beast = boost::beast::http;
  if (status < 0 || beast::int_to_status(static_cast<unsigned>(status)) == beast::status::unknown) return {};
  const auto reason = beast::obsolete_reason(static_cast<beast::status>(status));
  return {reason.data(), reason.size()};
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.starts_with("//")) return std::nullopt;  // others take what follows for a host
  const auto parsed = urls::parse_origin_form({target.data(), target.size()});
  if (!parsed) return std::nullopt;
  auto path = decoded(parsed->encoded_path(), false);
  if (!path) return std::nullopt;
  Target result{std::move(*path), {}};
  if (!parsed->has_query()) return result;
  for (const auto& param : parsed->encoded_params()) {
    auto key = decoded(param.key, true);
    auto value = decoded(param.has_value ? param.value : urls::pct_string_view(), true);
    if (!key || !value) return std::nullopt;
    if (!key->empty() || param.has_value) result.query.emplace_back(std::move(*key), std::move(*value));
  }
  return result;
}

std::optional<std::string> cookie(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    auto found = is_same_name(key, "cookie") ? cookie_of(value, name) : std::nullopt;
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace pixnerd::http
