// An engine object in Python's hands.
#pragma once

#include <pybind11/pybind11.h>

#include <stdexcept>
#include <utility>

namespace scanfuse::bindings {

// Long calls let go of the interpreter's lock, and hold the object meanwhile: what another thread then asks
// of it is refused instead of being a race.
template <class Object>
class Held {
 public:
  template <class... Arguments>
  explicit Held(Arguments&&... arguments) : object_(std::forward<Arguments>(arguments)...) {}

  // For short calls, under the interpreter's lock.
  Object& free() {
    if (busy_) throw std::runtime_error("in use by another thread: a memory serves one thread at a time");
    return object_;
  }
  // For long ones: `work` is given the object, runs without the lock and must not touch Python.
  template <class Work>
  auto alone(Work work) {
    Object& object = free();
    const Mark mark(busy_);
    const pybind11::gil_scoped_release released;
    return work(object);
  }

 private:
  struct Mark {
    explicit Mark(bool& flag) : flag_(flag) { flag_ = true; }
    ~Mark() { flag_ = false; }
    bool& flag_;
  };

  Object object_;
  bool busy_ = false;
};

}  // namespace scanfuse::bindings
