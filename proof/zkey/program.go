package zkey

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/scrutin/scrutin/proof"
)

// maxPages bounds the program's memory, in pages of 64 KB; the published ones have at most 51.
const maxPages = 256

// program computes the wires of a circuit: WebAssembly as circom 2 generates it.
type program struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// input is a named input of the circuit.
type input struct {
	name   string
	values []fr.Element
}

// errUnsatisfied says that the inputs are of no witness.
var errUnsatisfied = fmt.Errorf("%w: the statement does not satisfy the relation", proof.ErrInvalid)

// assertFailed is the number of circom's exception for a constraint that does not hold.
const assertFailed = 4

// compile prepares a program. What the program may call of ours does nothing, but for the function that it
// reports errors to, which ends it.
func compile(code []byte) (*program, error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig().WithCloseOnContextDone(true).WithMemoryLimitPages(maxPages).WithDebugInfoEnabled(false)
	p := &program{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	nothing := func(context.Context) {}
	_, err := p.runtime.NewHostModuleBuilder("runtime").
		NewFunctionBuilder().WithFunc(func(_ context.Context, exception int32) { panic(sys.NewExitError(uint32(exception))) }).Export("exceptionHandler").
		NewFunctionBuilder().WithFunc(nothing).Export("printErrorMessage").
		NewFunctionBuilder().WithFunc(nothing).Export("writeBufferMessage").
		NewFunctionBuilder().WithFunc(nothing).Export("showSharedRWMemory").
		Instantiate(ctx)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if p.code, err = p.runtime.CompileModule(ctx, code); err != nil {
		p.runtime.Close(ctx)
		return nil, errors.New("not a WebAssembly program that can run here")
	}
	return p, nil
}

// witness runs the program and returns its n wires. The error is ctx's if that ended, and errUnsatisfied if the
// program found a constraint that does not hold.
func (p *program) witness(ctx context.Context, inputs []input, n int) ([]fr.Element, error) {
	m, err := p.runtime.InstantiateModule(ctx, p.code, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errors.New("the program does not start")
	}
	defer m.Close(context.WithoutCancel(ctx))
	r := &run{ctx: ctx, m: m}
	wires := r.witness(inputs, n)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case r.err != nil:
		return nil, r.err
	}
	return wires, nil
}

// run is one run of a program. After the first error nothing happens any more.
type run struct {
	ctx context.Context
	m   api.Module
	err error
}

func (r *run) witness(inputs []input, n int) []fr.Element {
	if v := r.call("getVersion"); r.err == nil && v != 2 {
		r.fail("the program is of circom %d, not 2", v)
	}
	if words := r.call("getFieldNumLen32"); r.err == nil && words != fr.Bytes/4 {
		r.fail("numbers of %d words, %d wanted", words, fr.Bytes/4)
	}
	if size := r.call("getWitnessSize"); r.err == nil && uint64(size) != uint64(n) {
		r.fail("the program has %d wires and the key %d", size, n)
	}
	given := 0
	for _, in := range inputs {
		given += len(in.values)
	}
	if size := r.call("getInputSize"); r.err == nil && uint64(size) != uint64(given) {
		r.fail("the program has %d inputs, %d are given", size, given)
	}
	shared := r.call("getSharedRWMemoryStart")
	var buffer [fr.Bytes]byte
	r.call("init", 0)
	for _, in := range inputs {
		h := fnv.New64a()
		h.Write([]byte(in.name))
		hash := h.Sum64()
		for i := range in.values {
			fr.LittleEndian.PutElement(&buffer, in.values[i])
			if r.err == nil && !r.m.Memory().Write(shared, buffer[:]) {
				r.fail("the program's shared memory is not in its memory")
			}
			r.call("setInputSignal", hash>>32, hash&(1<<32-1), uint64(i))
		}
	}
	wires := make([]fr.Element, n)
	for i := range wires {
		r.call("getWitness", uint64(i))
		if r.err != nil {
			return nil
		}
		b, ok := r.m.Memory().Read(shared, fr.Bytes)
		if !ok {
			r.fail("the program's shared memory is not in its memory")
			return nil
		}
		var err error
		if wires[i], err = fr.LittleEndian.Element((*[fr.Bytes]byte)(b)); err != nil {
			r.fail("a wire is not below the modulus")
			return nil
		}
	}
	return wires
}

func (r *run) fail(format string, args ...any) { r.err = fmt.Errorf(format, args...) }

// call calls a function that takes 32-bit numbers and returns one at most.
func (r *run) call(name string, args ...uint64) uint32 {
	if r.err != nil {
		return 0
	}
	f := r.m.ExportedFunction(name)
	if f == nil || len(f.Definition().ParamTypes()) != len(args) || r.m.Memory() == nil {
		r.fail("the program lacks a memory, or %s with %d parameters", name, len(args))
		return 0
	}
	results, err := f.Call(r.ctx, args...)
	var exit *sys.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == assertFailed:
		r.err = errUnsatisfied
	case err != nil:
		r.fail("the program failed in %s", name)
	case len(results) > 0:
		return uint32(results[0])
	}
	return 0
}
