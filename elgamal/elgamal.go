// Package elgamal encrypts counters so that they can be added while encrypted and opened only by
// t of n trustees together, and only as sums.
//
// It is exponential ElGamal over Baby Jubjub: with the base G and the election key H = x*G,
//
//	Enc(m; r) = (A, B) = (r*G, m*G + r*H)
//
// and the sum of ciphertexts encrypts the sum of their plaintexts. In order of use:
//
//   - [PublicKey] is H; [PublicKey.Encrypt] makes a [Ciphertext];
//   - [Ciphertext.Add] and [Ciphertext.MulUint64] add and weigh, [Ciphertext.MulByCofactor]
//     ends a sum: only cofactored sums are opened;
//   - [NewShare] is one trustee's part of opening a list of sums, with one proof for all of them
//     that [Share.Verify] checks;
//   - [Combine] makes 8*m*G of t shares;
//   - [LogTable.Solve] finds m.
//
// The randomness r and the plaintext m given to Encrypt, and a trustee's key x given to NewShare,
// are secret and handled in constant time. Everything else here is public. No function decrypts
// with the whole private key x: nobody has it.
//
// docs/spec/elgamal.md is the specification.
package elgamal

import "errors"

var (
	// ErrMalformed means bytes that are no encoding of what was wanted.
	ErrMalformed = errors.New("elgamal: malformed encoding")

	// ErrInvalid means a key, share or sum that breaks a rule of the protocol.
	ErrInvalid = errors.New("elgamal: invalid")

	// ErrOutOfRange means that no plaintext within the bound fits.
	ErrOutOfRange = errors.New("elgamal: plaintext out of range")
)
