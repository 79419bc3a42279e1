#!/usr/bin/env bash
# A property that a program defines for Oniguruma takes the place of Unicode's own, but for one spelling alone.
#
# Version:   Oniguruma 6.9.8 (Debian 12: libonig-dev).
# One would guess: onig_unicode_define_user_property adds a name and refuses, or loses to, a name that Unicode has; and
#            what holds for \p{L} holds for \p{l} and \p{Letter}, since names of properties ignore case.
# Seen:      "L" is taken without a word and every later pattern's \p{L}, \P{L} and [\p{L}] mean the program's ranges;
#            \p{l} and \p{Letter} stay Unicode's. It is there still after onig_end and onig_initialize, so that it
#            reaches other users of the library in the process as well. It can be put to use: 6.9.8 knows the letters of
#            Unicode 14, so the \p{L} of a tokenizer splits words in newer letters (below: U+1C89, of Unicode 16), and
#            ranges of newer data under the same name mend that without a change to any pattern.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

cat > "$scratch/property.c" <<'C'
#include <oniguruma.h>
#include <stdio.h>
#include <string.h>

static int matches(const char* pattern, const char* text) {
  regex_t* regex;
  OnigErrorInfo error;
  const UChar* p = (const UChar*)pattern;
  const UChar* t = (const UChar*)text;
  if (onig_new(&regex, p, p + strlen(pattern), ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &error) !=
      ONIG_NORMAL)
    return -1;
  int length = onig_match(regex, t, t + strlen(text), t, NULL, ONIG_OPTION_NONE);
  onig_free(regex);
  return length > 0;
}

static void show(const char* when) {
  const char* patterns[] = {"\\p{L}", "[\\p{L}]", "\\p{l}", "\\p{Letter}"};
  printf("%s:", when);
  for (int i = 0; i < 4; ++i)
    printf("  %s a%d new%d", patterns[i], matches(patterns[i], "a"), matches(patterns[i], "\xE1\xB2\x89"));
  printf("\n");
}

static void initialize(void) {
  OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
  onig_initialize(encodings, 1);
}

int main(void) {
  static OnigCodePoint ranges[] = {1, 0x1C89, 0x1C8A};
  printf("%s\n", onig_version());
  initialize();
  show("built in");
  printf("define: %d\n", onig_unicode_define_user_property("L", ranges));
  show("defined");
  onig_end();
  initialize();
  show("after onig_end");
  return 0;
}
C
cc "$scratch/property.c" -lonig -o "$scratch/property" || cannot_tell "needs a C compiler and libonig-dev"
seen=$("$scratch/property") || cannot_tell "the program failed"
echo "$seen"
[ "$(head -n 1 <<< "$seen")" = 6.9.8 ] || cannot_tell "another version of Oniguruma"
[ "$(tail -n +2 <<< "$seen")" = "built in:  \p{L} a1 new0  [\p{L}] a1 new0  \p{l} a1 new0  \p{Letter} a1 new0
define: 0
defined:  \p{L} a0 new1  [\p{L}] a0 new1  \p{l} a1 new0  \p{Letter} a1 new0
after onig_end:  \p{L} a0 new1  [\p{L}] a0 new1  \p{l} a1 new0  \p{Letter} a1 new0" ] || exit 1
echo "as stated"
