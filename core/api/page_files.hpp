#pragma once

namespace crossdock::api {

// The page, as the files under core/api/page hold it.
extern const char* const page_console_html;
extern const char* const page_sign_in_html;
extern const char* const page_css;
extern const char* const page_js;

}  // namespace crossdock::api
