package census

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// Commitment is a voter's public commitment: a field element other than 0, 32 bytes big-endian.
type Commitment [32]byte

// Node is a node of the tree: a field element, 32 bytes big-endian.
type Node [32]byte

// Root is the root of the tree: a field element, 32 bytes big-endian.
type Root [32]byte

// ParseCommitment reads 32 bytes.
func ParseCommitment(b []byte) (Commitment, error) {
	if len(b) != 32 {
		return Commitment{}, fmt.Errorf("%w: commitment of %d bytes, 32 wanted", ErrMalformed, len(b))
	}
	c := Commitment(b)
	if _, err := c.element(); err != nil {
		return Commitment{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c, nil
}

// element returns the commitment as a field element.
func (c Commitment) element() (fr.Element, error) {
	e, err := element(c)
	if err != nil {
		return e, fmt.Errorf("commitment: %w", err)
	}
	if e.IsZero() {
		return e, errZero
	}
	return e, nil
}

// String returns the decimal number.
func (c Commitment) String() string { return decimal(c) }

// String returns the decimal number.
func (n Node) String() string { return decimal(n) }

// String returns the decimal number.
func (r Root) String() string { return decimal(r) }

// MarshalText writes the decimal number.
func (c Commitment) MarshalText() ([]byte, error) { return marshal(c) }

// MarshalText writes the decimal number.
func (n Node) MarshalText() ([]byte, error) { return marshal(n) }

// MarshalText writes the decimal number.
func (r Root) MarshalText() ([]byte, error) { return marshal(r) }

// UnmarshalText reads a decimal number, as MarshalText writes it; c is unchanged on error.
func (c *Commitment) UnmarshalText(text []byte) error {
	b, err := unmarshal("commitment", text)
	if err != nil {
		return err
	}
	parsed, err := ParseCommitment(b[:])
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// UnmarshalText reads a decimal number, as MarshalText writes it; n is unchanged on error.
func (n *Node) UnmarshalText(text []byte) error {
	b, err := unmarshal("node", text)
	if err != nil {
		return err
	}
	*n = b
	return nil
}

// UnmarshalText reads a decimal number, as MarshalText writes it; r is unchanged on error.
func (r *Root) UnmarshalText(text []byte) error {
	b, err := unmarshal("root", text)
	if err != nil {
		return err
	}
	*r = b
	return nil
}

// These are wrapped in ErrMalformed by whoever knows what the number was.
var (
	errRange = errors.New("the number is not below the field's modulus")
	errZero  = errors.New("commitment 0")
)

// element reads a canonical field element. gnark-crypto's setters other than this reduce silently.
func element(b [32]byte) (fr.Element, error) {
	e, err := fr.BigEndian.Element(&b)
	if err != nil {
		return fr.Element{}, errRange
	}
	return e, nil
}

// decimal prints through big.Int: gnark-crypto prints elements near the modulus as negative.
func decimal(b [32]byte) string { return new(big.Int).SetBytes(b[:]).String() }

func marshal(b [32]byte) ([]byte, error) {
	if _, err := element(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return []byte(decimal(b)), nil
}

// maxDigits is the length of the modulus in decimal.
const maxDigits = 77

func unmarshal(what string, text []byte) (b [32]byte, err error) {
	if b, err = parseDecimal(text); err != nil {
		return b, fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	return b, nil
}

// parseDecimal reads a number below the modulus.
func parseDecimal(text []byte) (b [32]byte, err error) {
	if len(text) == 0 || len(text) > 1 && text[0] == '0' {
		return b, errors.New("not a decimal number without leading zeros")
	}
	for _, d := range text {
		if d < '0' || d > '9' {
			return b, errors.New("not a decimal number")
		}
	}
	if len(text) > maxDigits {
		return b, errRange
	}
	var n [4]uint64 // holds 10^77 and thus maxDigits; big.Int would allocate for each of millions
	for _, d := range text {
		carry := uint64(d - '0')
		for i := range n {
			high, low := bits.Mul64(n[i], 10)
			var c uint64
			n[i], c = bits.Add64(low, carry, 0)
			carry = high + c
		}
	}
	for i, limb := range n {
		binary.BigEndian.PutUint64(b[24-8*i:], limb)
	}
	_, err = element(b)
	return b, err
}
