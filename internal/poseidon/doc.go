// Package poseidon is the Poseidon hash over the scalar field of BN254, in the instance of
// circomlib and iden3: S-box x^5, 8 full rounds, width t = inputs + 1 from 2 to 17, capacity
// element first and zero. Hash(1, 2) is what circomlib's Poseidon(2), go-iden3-crypto and
// Semaphore compute.
//
// [Hash2] is the fast path: the nodes of the census tree, identity commitments and nullifiers all
// hash two elements. [Hash] takes 1 to 16. [Parameters] gives the constants to the circuit.
//
// The constants are generated, not listed: the authors' generator (a Grain LFSR) runs when a
// width is first used, and the tests compare the result with circomlib's. A linear recurrence
// of the same values replaces the matrix of the partial rounds (recurrence.go).
//
// Inputs may be secret. Nothing is indexed or looped over by their values; the field's last
// conditional subtraction is gnark-crypto's and may branch.
//
// docs/spec/poseidon.md is the specification.
package poseidon
