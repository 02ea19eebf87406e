// Package zkey makes membership proofs with the public artifacts of Semaphore v4, so that an election rests on
// that system's ceremony and nobody has to run a set-up of her own.
//
// The artifacts of a depth are two files: semaphore-N.zkey, a proving key, and semaphore-N.wasm, a program that
// computes the circuit's wires. They come in the npm package @zk-kit/semaphore-artifacts 4.13.0 (MIT licence,
// 109 MB for all depths from 1 to 32), which download.sh beside this file fetches and checks:
//
//	proof/zkey/download.sh artifacts
//
// or, by hand, in an empty directory:
//
//	npm pack @zk-kit/semaphore-artifacts@4.13.0
//	tar xzf zk-kit-semaphore-artifacts-4.13.0.tgz --strip-components=1
//
// An organiser names the verifying key of [proof.SemaphoreKey] and the digest of [Digest] in the manifest, for the
// depth of the census. A voter opens the files with that digest:
//
//	key, err := zkey.Open(os.DirFS("artifacts"), 16, digest)
//	...
//	m, err := key.Prove(ctx, identity, statement)
//
// A [Key] implements [proof.Prover]. The relation has no weights.
//
// # What the files can do to a voter
//
// A proof that verifies shows nothing but its statement, whatever is in the files, if beta and delta of the
// proving key are those of the verifying key: r delta and s delta with random r, s make its first two points uniform,
// and the equation determines the third. Open checks beta and delta, and Prove shows no proof that its own
// verification refuses. So files that are wrong can only make proofs fail, and by when they do tell
// something to who watches: hence both are read only if their digests are right, the proving key's that which the
// manifest names, the program's that of the published file.
//
// The program runs in a sandbox (package wazero, in pure Go) that has no way out, with 16 MB of memory at most,
// anew for every proof, and until the context ends.
//
// docs/spec/membership.md, section 7, has the format of the proving key and the program's calls.
package zkey
