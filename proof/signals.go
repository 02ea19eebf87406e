package proof

import (
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"golang.org/x/crypto/sha3"
)

// Scope is what a voter may act in once: any 32 bytes. An election's scope is its id.
type Scope [32]byte

// Message is what a membership proof is bound to: any 32 bytes.
type Message [32]byte

// Nullifier is a voter's pseudonym in one scope: a field element, 32 bytes big-endian.
type Nullifier [32]byte

// ParseNullifier returns the nullifier with the given encoding: 32 bytes, a number below the order r
// of BN254's scalar field. Otherwise the error is ErrMalformed.
func ParseNullifier(b []byte) (Nullifier, error) {
	if _, err := element("nullifier", b); err != nil {
		return Nullifier{}, err
	}
	return Nullifier(b), nil
}

// String returns the nullifier in decimal, as Semaphore's tools print it.
func (n Nullifier) String() string { return new(big.Int).SetBytes(n[:]).String() }

// MarshalText returns the nullifier in decimal, or ErrMalformed if it is not below r.
func (n Nullifier) MarshalText() ([]byte, error) {
	if _, err := element("nullifier", n[:]); err != nil {
		return nil, err
	}
	return []byte(n.String()), nil
}

// UnmarshalText sets the nullifier to a number from 0 to r-1 in decimal, without sign or leading zeros.
// Otherwise the error is ErrMalformed and the nullifier is unchanged.
func (n *Nullifier) UnmarshalText(text []byte) error {
	const longest = 77 // digits of r-1
	if len(text) > longest {
		return fmt.Errorf("%w: nullifier of %d digits", ErrMalformed, len(text))
	}
	v, ok := new(big.Int).SetString(string(text), 10)
	if !ok || v.Sign() < 0 || v.String() != string(text) || v.Cmp(fr.Modulus()) >= 0 {
		return fmt.Errorf("%w: a nullifier is a decimal number below the field's order", ErrMalformed)
	}
	v.FillBytes(n[:])
	return nil
}

// signal maps 32 bytes to the field as Semaphore does: H(z) = keccak256(z) >> 8, a number below
// 2^248. A scope or message therefore has no second value modulo r.
func signal(z [32]byte) fr.Element {
	h := sha3.NewLegacyKeccak256()
	h.Write(z[:])
	var shifted [32]byte
	copy(shifted[1:], h.Sum(nil)[:31])
	var e fr.Element
	e.SetBytes(shifted[:])
	return e
}

// element decodes a field element: 32 bytes big-endian, below r. Values in [r, 2^256) are other names
// for the same residue and are refused, or one voter would have several nullifiers.
func element(what string, b []byte) (fr.Element, error) {
	var e fr.Element
	if e.SetBytesCanonical(b) != nil {
		return e, fmt.Errorf("%w: %s is not %d bytes below the field's order", ErrMalformed, what, fr.Bytes)
	}
	return e, nil
}
