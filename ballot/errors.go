package ballot

import "errors"

// Kinds of errors; errors.Is finds them in whatever this package and the packages above it return.
var (
	// ErrMalformed means bytes or values that are no encoding of what was expected.
	ErrMalformed = errors.New("ballot: malformed")

	// ErrInvalid means a proof, signature or equation that does not hold.
	ErrInvalid = errors.New("ballot: invalid")

	// ErrUnknownElection means a ballot, credential or opening of another election.
	ErrUnknownElection = errors.New("ballot: of another election")

	// ErrDuplicate means a ballot that was applied before, byte for byte.
	ErrDuplicate = errors.New("ballot: applied before")

	// ErrSequence means a sequence number, ballot key or weight that the re-vote rule does
	// not allow at this point.
	ErrSequence = errors.New("ballot: not allowed by the re-vote rule")

	// ErrClosed means a ballot outside the time of the poll.
	ErrClosed = errors.New("ballot: the poll is not open")

	// ErrVote means a vote that the question's rule does not allow. The text of such an error
	// says what is wrong with the vote, to its voter: it is as secret as the vote.
	ErrVote = errors.New("ballot: vote not allowed")

	// ErrSpent means a sealed ballot that was signed or spoiled before.
	ErrSpent = errors.New("ballot: sealed ballot was used")

	// ErrUnknownKey means a verifying or proving key that the manifest does not name, or
	// one that the verifier was not told to accept.
	ErrUnknownKey = errors.New("ballot: key not accepted")
)
