// Package prover makes membership proofs: it holds the relation as a circuit, the keys to prove it,
// and a set-up for tests.
//
// A [Relation] is fixed by the greatest depth of the census and by whether the census is weighted. A
// [ProvingKey] is a file that the election's organiser publishes and the manifest names by digest; it
// implements [proof.Prover]:
//
//	key, err := prover.ReadProvingKey(file, digest)
//	...
//	m, err := key.Prove(ctx, identity, statement)
//
// [InsecureSetup] makes a new pair of keys. Whoever runs it could keep the trapdoor and prove what is not
// true: its keys are for tests and trials (see [proof.OneParty]).
//
// # What a key can do to a voter
//
// A proof reveals nothing but its statement, whoever made the proving key, on two conditions. The file
// is the one that the manifest names, which ReadProvingKey checks before anything else; and beta and delta
// in it are those of the verifying key, which it checks with pairings. A then has a uniformly
// random multiple of delta added, B too, and C follows from A and B in a proof that verifies; a
// proof that does not verify, because other parts of the key are wrong, is never shown, since Prove checks
// its own. That a proof failed could still tell something to someone who watches; so a voter should not
// go on with a key that failed once.
//
// # The library underneath
//
// Circuit and prover run on gnark. gnark logs to standard output unless it is told not to; this package
// turns its logger off when it is initialised. A program that wants the log sets a logger of its own
// afterwards (github.com/consensys/gnark/logger), and gets it.
//
// docs/spec/membership.md has the relation and the format of the file.
package prover

import "github.com/consensys/gnark/logger"

func init() { logger.Disable() }
