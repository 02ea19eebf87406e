package poseidon

import (
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// MaxInputs is the largest number of inputs of Hash.
const MaxInputs = maxWidth - 1

// Hash returns Poseidon(inputs): element 0 of the permutation of (0, inputs...). It panics
// unless there are 1 to MaxInputs inputs.
func Hash(inputs ...fr.Element) fr.Element {
	if len(inputs) < 1 || len(inputs) > MaxInputs {
		panic(fmt.Sprintf("poseidon: %d inputs are not in 1..%d", len(inputs), MaxInputs))
	}
	if len(inputs) == 2 {
		return Hash2(&inputs[0], &inputs[1])
	}
	var state [maxWidth]fr.Element
	copy(state[1:], inputs)
	recurrences[len(inputs)+1]().permute(state[:len(inputs)+1])
	return state[0]
}
