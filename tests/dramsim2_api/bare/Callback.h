// Without a virtual destructor, as headers of that age are.
#ifndef BARE_CALLBACK_H
#define BARE_CALLBACK_H

namespace DRAMSim {

template <typename R, typename A, typename B, typename C>
class CallbackBase {
 public:
  virtual R operator()(A, B, C) = 0;
};

template <typename Object, typename R, typename A, typename B, typename C>
class Callback : public CallbackBase<R, A, B, C> {
 public:
  Callback(Object *const object, R (Object::*const member)(A, B, C)) : object_(object), member_(member) {}
  R operator()(A a, B b, C c) { return (object_->*member_)(a, b, c); }

 private:
  Object *const object_;
  R (Object::*const member_)(A, B, C);
};

typedef CallbackBase<void, unsigned, uint64_t, uint64_t> TransactionCompleteCB;

}  // namespace DRAMSim

#endif
