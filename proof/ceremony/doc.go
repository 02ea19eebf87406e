// Package ceremony makes the keys of the membership proof so that nobody needs to be trusted: several
// contributors, each on a machine of her own, put a secret each into the set-up of Groth16 and
// forget it. Only all of them together could forge memberships: one honest contributor suffices.
//
// The set-up has two phases. The first makes powers of a secret, for any circuit: [ReadPtau] takes
// them from a file of a public ceremony that snarkjs uses, or contributors make their own
// with [OpenPhase1]. The second is for one [prover.Relation]:
//
//	powers, err := ceremony.ReadPtau(file, size, relation, "powersOfTau28_hez_final_14.ptau")
//	start, err := ceremony.Start(ctx, powers)        // the coordinator publishes PowersFile, OriginFile, StartFile
//	...
//	c, err := ceremony.Open(ctx, os.DirFS(dir))      // each contributor checks all that is there,
//	next, err := c.Contribute(ctx, "Ada Lovelace")   // and adds the next ContributionFile
//	...
//	keys, transcript, err := c.Finalize(ctx, beacon) // everybody gets the same keys
//
// The beacon is public randomness that nobody knew before the last contribution. The manifest names the
// keys and, as where they come from, [Transcript.Provenance]. An auditor who has the files
// replays the ceremony with [Check].
//
// Nothing in the files is secret. A contributor's secret is drawn inside, is in the memory of her process
// while it contributes, and is in no result. Go has no way to be sure that memory is wiped: a
// contributor ends the process after it, and may build it with GOEXPERIMENT=runtimesecret, whereby
// the Go runtime erases what the contribution left behind, where it can. A contribution says under
// which name it was made, not who made it: contributors publish the digests of theirs, and
// the public compares these with the transcript.
//
// docs/spec/setup.md has the files and the checks.
package ceremony

import "errors"

var (
	// ErrMalformed means a file that is no encoding of what it should be: a wrong size, a point that is
	// not in its group, a document that is not canonical.
	ErrMalformed = errors.New("ceremony: malformed")

	// ErrInvalid means a well-formed file that is wrong: a contribution that does not follow from
	// the one before it or adds nothing, powers that are none, a start that is not that of the relation.
	ErrInvalid = errors.New("ceremony: invalid")

	// ErrOrder means that a contribution is missing, stands in the wrong place, or is too few.
	ErrOrder = errors.New("ceremony: order")

	// ErrForeign means files of something else: another relation, another ceremony, other keys.
	ErrForeign = errors.New("ceremony: foreign")
)

const (
	// MinContributors is the least number of contributors, with different names, to each phase of
	// one's own. With one, she knows the secret.
	MinContributors = 2

	// MaxContributors bounds the number of contributions to a phase.
	MaxContributors = 999

	// MaxNameBytes bounds a contributor's name, and what says where a beacon or powers come from.
	MaxNameBytes = 100
)
