#include "layout.h"

size_t LAYOUT_NAME(char* out, size_t size);

size_t LAYOUT_NAME(char* out, size_t size) {
    return write_layout(out, size);
}
