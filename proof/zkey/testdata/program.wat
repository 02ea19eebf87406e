;; A program that follows the calls of circom 2 and computes nothing: its wires are those that a test writes into the
;; data below, or, in mode 7, the inputs that it was given. program.wasm is this text, made by wat2wasm of the npm
;; package wabt 1.0.39.
(module
  (import "runtime" "exceptionHandler" (func $exception (param i32)))
  (import "runtime" "printErrorMessage" (func $print))
  (import "runtime" "writeBufferMessage" (func $write))
  (import "runtime" "showSharedRWMemory" (func $show))
  (memory (export "memory") 1)
  (global $end (mut i32) (i32.const 4096)) ;; of the inputs
  ;; At 64: version, words of a number, wires, inputs, address of the shared memory, mode, one 32-bit number each.
  ;; At 128: 40 wires of 32 bytes. At 2048: the shared memory. At 4096: for each input 32 bytes with hash and position,
  ;; and 32 bytes with the value.
  (data (i32.const 64) "the data starts here, 1344 bytes" ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    ".................................................................................."
    "..................................................................................")
  (func (export "getVersion") (result i32) (i32.load (i32.const 64)))
  (func (export "getFieldNumLen32") (result i32) (i32.load (i32.const 68)))
  (func (export "getWitnessSize") (result i32) (i32.load (i32.const 72)))
  (func (export "getInputSize") (result i32) (i32.load (i32.const 76)))
  (func (export "getSharedRWMemoryStart") (result i32) (i32.load (i32.const 80)))
  (func $mode (param i32) (result i32) (i32.eq (local.get 0) (i32.load (i32.const 84))))
  (func (export "init") (param i32)
    (if (call $mode (i32.const 1)) (then (loop $forever (br $forever))))
    (if (call $mode (i32.const 2)) (then ;; asks for 32 MB
      (if (i32.lt_s (memory.grow (i32.const 512)) (i32.const 0)) (then unreachable))))
    (if (call $mode (i32.const 3)) (then (call $exception (i32.const 4))))
    (if (call $mode (i32.const 4)) (then (call $exception (i32.const 1))))
    (if (call $mode (i32.const 5)) (then (call $init_again)))
    (call $print) (call $write) (call $show))
  (func $init_again (call $init_again))
  (func (export "setInputSignal") (param $high i32) (param $low i32) (param $position i32)
    (i32.store (global.get $end) (local.get $low))
    (i32.store offset=4 (global.get $end) (local.get $high))
    (i32.store offset=8 (global.get $end) (local.get $position))
    (call $copy (i32.add (global.get $end) (i32.const 32)) (i32.load (i32.const 80)))
    (global.set $end (i32.add (global.get $end) (i32.const 64))))
  (func (export "getWitness") (param $i i32)
    (call $copy (i32.load (i32.const 80)) (i32.add
      (select (i32.const 4096) (i32.const 128) (call $mode (i32.const 7)))
      (i32.mul (local.get $i) (i32.const 32)))))
  (func $copy (param $to i32) (param $from i32)
    (i64.store (local.get $to) (i64.load (local.get $from)))
    (i64.store offset=8 (local.get $to) (i64.load offset=8 (local.get $from)))
    (i64.store offset=16 (local.get $to) (i64.load offset=16 (local.get $from)))
    (i64.store offset=24 (local.get $to) (i64.load offset=24 (local.get $from)))))
