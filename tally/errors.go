package tally

import "errors"

// Kinds of errors, for errors.Is. Each error says in words what failed, where, and whose it is.
var (
	ErrMalformed = errors.New("malformed")           // an encoding that nobody following the specification writes
	ErrInvalid   = errors.New("invalid")             // a signature, proof, digest or count that does not check
	ErrForeign   = errors.New("of another tally")    // names another election, checkpoint or aggregate
	ErrDuplicate = errors.New("more than once")      // one trustee twice
	ErrMissing   = errors.New("not enough trustees") // fewer endorsements than the quorum, or shares than the threshold
)
