#pragma once

#include <crossdock/abi.h>

/* The interface of the expression evaluator, libexpressions.so: not a plugin, but loaded, called and supervised as one.
 *
 * check:    {"expressions": ["SOURCE", ...]} -> {"results": [{} or {"message", "line", "column"}, ...]}; lines and columns count
 *           from 1 within the source, columns in characters.
 *
 * evaluate: {"expressions": ["SOURCE", ...], "input": document} -> {"results": [{"value": ...} or {"error": "..."}, ...]}.
 *
 * Both answer one result for each expression, in their order. A fault means that the call made no sense.
 *
 * evaluate_one: {"expression": "SOURCE", "document": "JSON as text"} -> {"value": "JSON as text"} or {"error"}, with "line" and
 *               "column" when it does not compile. */
#define CROSSDOCK_EXPRESSIONS_ID "crossdock.expressions/1"

typedef struct xd_expressions_v1 {
    xd_instance_v1 base; /* base.size is the size of this whole struct */
    xd_operation check;
    xd_operation evaluate;
    xd_operation evaluate_one;
} xd_expressions_v1;
