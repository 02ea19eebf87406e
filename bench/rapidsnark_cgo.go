//go:build cgo && (linux || darwin) && (amd64 || arm64)

package main

import (
	"encoding/json"
	"os"

	"github.com/iden3/go-rapidsnark/prover"
	"github.com/iden3/go-rapidsnark/witness/v2"
	"github.com/iden3/go-rapidsnark/witness/wazero"
)

// rapidsnarkSides prove with the ceremony's files. The witness is calculated by the ceremony's program, in go-rapidsnark's
// own runtime.
func rapidsnarkSides() []side {
	return []side{
		{name: rapidsnarkAlone, figures: elapsed, missing: noArtifacts, open: func(e *env) (sampler, error) {
			calculate, prove, err := rapidsnark(e)
			if err != nil {
				return nil, err
			}
			wires, err := calculate()
			if err != nil {
				return nil, err
			}
			return e.repeat(1, func() error { return prove(wires) })
		}},
		{name: rapidsnarkWhole, figures: elapsed, missing: noArtifacts, open: func(e *env) (sampler, error) {
			calculate, prove, err := rapidsnark(e)
			if err != nil {
				return nil, err
			}
			return e.repeat(1, func() error {
				wires, err := calculate()
				if err != nil {
					return err
				}
				return prove(wires)
			})
		}},
	}
}

func rapidsnark(e *env) (calculate func() ([]byte, error), prove func([]byte) error, err error) {
	key, err := os.ReadFile(e.artifact("semaphore-20.zkey"))
	if err != nil {
		return nil, nil, err
	}
	code, err := os.ReadFile(e.artifact("semaphore-20.wasm"))
	if err != nil {
		return nil, nil, err
	}
	calculator, err := witness.NewCalculator(code, witness.WithWasmEngine(wazero.NewCircom2WZWitnessCalculator))
	if err != nil {
		return nil, nil, err
	}
	inputs, err := circuitInputs()
	if err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(inputs)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := witness.ParseInputs(text)
	if err != nil {
		return nil, nil, err
	}
	calculate = func() ([]byte, error) { return calculator.CalculateWTNSBin(parsed, true) }
	prove = func(wires []byte) error {
		_, _, err := prover.Groth16ProverRaw(key, wires)
		return err
	}
	return calculate, prove, nil
}
