// Package census is the public roll of an election: a Merkle tree over the voters' commitments,
// so that a voter proves to be on the roll without saying where.
//
// A registrar gives every [Member] in order to [Build], or to [BuildWeighted] when voters have
// weights, or a file of them to [BuildCSV] or [BuildJSONLines]. While the roll is open members are added
// ([Tree.Append]) and replaced ([Tree.Update]), and the tree is kept in a file ([Tree.Save], [Open]) from which a service
// starts at once. Then it publishes the [Tree]: its [Root] goes into the manifest, its files ([Tree.Export])
// onto any web server. A voter reads a [Path] from those files ([ReadPath]) and proves in zero
// knowledge that it leads from the own commitment to the root. An auditor reads all of them
// ([Read]) and recomputes everything.
//
// The tree is the LeanIMT of Semaphore v4 over Poseidon: a parent is Poseidon(left, right), a lone
// left child is carried up, and the root of a single leaf is the leaf. A leaf is the commitment,
// or Poseidon(commitment, weight, 0).
//
// A registrar takes a commitment from a voter only with a proof that she knows its secret
// (proof.CheckRegistration). Any number passes for a commitment here, and one that is itself the root
// of a tree of commitments would let all of those vote in an unweighted census.
//
// Nothing here is secret, but which files a voter fetches can be: ReadPath takes one tile of 256
// members and the tiles above it, which say no more than in which group of 256 the voter is. The last
// group is smaller, down to a single voter; where that matters, all voters fetch all files first.
//
// docs/spec/census.md is the specification.
package census

import (
	"errors"
	"fmt"
)

// Kinds of errors. Members are counted from 0 in every message, lines from 1.
var (
	// ErrMalformed is the kind of data that no encoder writes: a number outside the field, a
	// commitment 0, a file of another size, a path whose index does not fit its siblings.
	ErrMalformed = errors.New("census: malformed")

	// ErrInvalid is the kind of data that contradicts itself or the rules: a weight out of range,
	// a census too large or empty, a node that is not the hash of its children.
	ErrInvalid = errors.New("census: invalid")

	// ErrDuplicate is the kind of a commitment that is on the roll twice, which is a [DuplicateError].
	ErrDuplicate = errors.New("census: duplicate member")
)

// DuplicateError is a commitment that is on the roll already, at position First, and was given
// again for position Second, both from 0. Its kind is [ErrDuplicate].
type DuplicateError struct {
	First, Second uint64

	weights [2]uint64
	roll    roll
}

func (e *DuplicateError) Error() string {
	s := fmt.Sprintf("%v: %s: the commitment of %s again", ErrDuplicate, e.roll.name(e.Second), e.roll.name(e.First))
	if e.weights[0] != e.weights[1] {
		s += fmt.Sprintf(", under the weights %d and %d", e.weights[0], e.weights[1])
	}
	return s
}

// Unwrap returns ErrDuplicate.
func (e *DuplicateError) Unwrap() error { return ErrDuplicate }

// roll is where members come from: a text whose line of this number, from 1, is member 0, or 0 for any other source.
type roll int

// name names a member in an error.
func (r roll) name(i uint64) string {
	if r > 0 {
		return fmt.Sprintf("line %d", i+uint64(r))
	}
	return fmt.Sprintf("member %d", i)
}
