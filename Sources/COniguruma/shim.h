// Oniguruma, and what Swift does not import of it: macros for addresses and a variadic function.

// The name UChar would clash with ICU's.
#define ONIG_ESCAPE_UCHAR_COLLISION
#include <oniguruma.h>

static inline int shim_onig_initialize(void) {
  OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
  return onig_initialize(encodings, 1);
}

static inline int shim_onig_new(OnigRegex *regex, const OnigUChar *pattern, const OnigUChar *end,
                                OnigErrorInfo *info) {
  return onig_new(regex, pattern, end, ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_RUBY, info);
}

// The buffer holds ONIG_MAX_ERROR_MESSAGE_LEN bytes.
static inline int shim_onig_message(OnigUChar *buffer, int code, OnigErrorInfo *info) {
  return onig_error_code_to_str(buffer, code, info);
}
