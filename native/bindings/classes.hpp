// One function per bound class, each in a file of its own.
#pragma once

#include <pybind11/pybind11.h>

namespace scanfuse::bindings {

void bindReplay(pybind11::module_& module);
void bindMemory(pybind11::module_& module);
void bindPort(pybind11::module_& module);
void bindTraces(pybind11::module_& module);

}  // namespace scanfuse::bindings
