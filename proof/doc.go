// Package proof lets a voter prove that she is in the census without saying who she is, and lets
// everybody check it. The relation is that of Semaphore v4, proved with Groth16 on BN254.
//
// A voter holds an [Identity]. Its public half, the [census.Commitment], is her leaf of the census; the
// registrar takes it from her as a registration ([Identity.Register], [CheckRegistration]).
//
// A [Prover] (package proof/prover, or proof/zkey for the keys of Semaphore's public ceremony) turns the identity and a [Statement], which is a census path, a
// [Scope] and a [Message], into a [Membership]: the root of the census, the [Nullifier], the weight of
// the voter in a weighted census, and a proof that some leaf of the census with that weight belongs
// to the one who made the proof for exactly this scope and message.
//
// The nullifier depends on the identity and the scope alone. Two memberships of one voter in one
// scope have equal nullifiers, and that is how a second vote is recognised; nullifiers in different
// scopes cannot be linked. Groth16 proofs can be re-randomised by anyone: never compare proofs to
// tell voters apart, compare nullifiers.
//
// A verifier holds a [VerifyingKey] and checks a [Claim], a membership with the scope and message that
// it must be about, alone or many together:
//
//	vk, err := proof.ParseVerifyingKey(file)
//	...
//	err = vk.Verify(&claim)                    // nil: valid
//	errs, err := vk.VerifyBatch(ctx, claims)   // several times faster for each, same verdicts
//
// What a claim is compared with is the caller's duty: that the root is that of the election's
// census, that the scope is the election, and that the verifying key is the one the election names.
// That every leaf of an unweighted census came with a registration is the registrar's: a leaf that
// is in truth a node above others has as many nullifiers as there are leaves below it. A key made by one
// party lets that party prove anything; see [OneParty].
//
// The verifying keys of Semaphore's ceremony are compiled in ([SemaphoreKey]). Identities and proofs of Semaphore's
// packages can be read and written here: [ImportIdentity], [Identity.Export], [SemaphoreProof], [SemaphoreValue].
//
// Secret are the Identity, what [Identity.Bytes], [Identity.Export] and [Identity.Derive] return, and the path of a
// Statement, which says who the voter is. An Identity prints as "Identity(redacted)".
//
// docs/spec/membership.md has the relation, the encodings and the checks.
package proof

import "errors"

var (
	// ErrMalformed means bytes that are no encoding of what they should be: a wrong length, a
	// number that is not below its modulus, a point that is not on its curve or in its subgroup.
	ErrMalformed = errors.New("proof: malformed")

	// ErrInvalid means a well-formed claim that is not proved.
	ErrInvalid = errors.New("proof: invalid")
)

// OneParty is the provenance of a verifying key whose set-up was run by one party, who could have
// kept the trapdoor and forge memberships with it. It is good for tests alone.
const OneParty = "one-party set-up: test only"
